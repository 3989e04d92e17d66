import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../../testing/config.js";
import { rulesOf } from "../rules/rules.js";
import type { LogSource } from "./log-source.js";

const withLogs = (logs: string, more = "command: [x]"): string =>
  `services:\n  web:\n    ${more}\n    tasks: {clean: {command: [x]}}\n    logs:\n${logs.replace(/^/gm, "      ")}`;

function sources(logs: string, more?: string): readonly LogSource[] {
  return loaded(withLogs(logs, more)).config.services.web?.logs ?? [];
}

/** What is wrong, without the place of the service. */
function wrong(logs: string, more?: string): string[] {
  return problemsOf(withLogs(logs, more)).map((line) => line.replace(/^\S+ services\.web\./, ""));
}

test("a source is the output of the service when nothing else is said, and has its name from what it is", () => {
  const logs =
    "- patterns: [{name: p, match: x}]\n- file: /var/log/nginx/access.log\n- {journal: sshd.service, name: ssh}";
  assert.deepEqual(
    sources(logs).map(({ name }) => name),
    ["output", "access-log", "ssh"],
  );
});

test("a pattern has its defaults, and may have several alternatives", () => {
  const [source] = sources("- patterns: [{name: p, match: [a, b], fields: {status: 403, ms: {below: 3}}}]");
  assert.deepEqual(source?.patterns[0], {
    name: "p",
    match: ["a", "b"],
    case_sensitive: false,
    fields: { status: { any: [403] }, ms: { below: 3 } },
    severity: "info",
    limit: { events: 10, per: 60_000 },
  });
});

test("paths are relative to the configuration file, also those of a glob", () => {
  const [source] = sources("- {file: [logs/*.log], forward: {file: out.log}}");
  assert.match(source?.file?.[0] ?? "", /^\/.*\/logs\/\*\.log$/);
  assert.match(source?.forward?.file ?? "", /^\/.*\/out\.log$/);
});

test("what is wrong is told with its place", () => {
  const table: [logs: string, problem: RegExp, more?: string][] = [
    ["- patterns: [{name: p}]", /logs\.0\.patterns\.0: needs match, fields or level/],
    ["- patterns: [{name: p, match: '('}]", /logs\.0\.patterns\.0\.match/],
    ["- patterns: [{name: p, match: '(?=a)b'}]", /logs\.0\.patterns\.0\.match.*/],
    ["- {file: /a, journal: b}", /logs\.0: must have one of stdout, file, journal/],
    ["- {file: /a.log}\n- {file: /b/a.log}", /logs\.1: has the name of another source of the service, "a-log"/],
    [
      "- patterns: [{name: p, match: a}]\n- {file: /x, patterns: [{name: p, match: a}]}",
      /logs\.1\.patterns\.0\.name: is used by another pattern/,
    ],
    ["- stdout: {process: api}", /logs\.0\.stdout\.process: names no process of the service/],
    ["- journal: true", /logs\.0\.journal: needs the name of a unit/],
    ["- patterns: [{name: p, match: a, action: {task: no}}]", /patterns\.0\.action\.task: names no task/],
    ["- {multiline: {}}", /logs\.0\.multiline: must have either start or continued/],
    ["- {forward: {}}", /logs\.0\.forward: must have either agent_log or file/],
    ["- {volume: {for: 1m}}", /logs\.0\.volume: needs lines_per_second or bytes_per_second/],
    ["- patterns: [{name: p, match: a, meaning: '{{ x }}'}]", /patterns\.0\.meaning: must not contain \{\{/],
    ["- patterns: [{name: p, match: a}]", /logs\.0: needs output that the agent sees/, "attach: {pid_file: /x}"],
    ["- stdout: true", /logs\.0\.stdout: is in the journal/, "attach: {systemd: x.service}"],
  ];
  for (const [logs, problem, more] of table) {
    const problems = wrong(logs, more);
    assert.ok(
      problems.some((line) => problem.test(line)),
      `${logs}: ${problems.join("; ") || "no problem"}`,
    );
  }
});

test("an attached unit has its journal, and a service of a pid file what is in a file", () => {
  assert.equal(sources("- patterns: [{name: p, match: a}]", "attach: {systemd: x.service}").length, 1);
  assert.equal(sources("- journal: true", "attach: {systemd: x.service}")[0]?.journal, true);
  assert.equal(sources("- file: /x", "attach: {pid_file: /x}").length, 1);
});

test("rates, silence, cadence and volume are rules with names that no rule of a person can have", () => {
  const logs = `- volume: {lines_per_second: 100, bytes_per_second: 1MiB}
  patterns:
    - {name: denied, match: denied, rate: {count: 5, window: 1m, by: ip}, severity: critical, resolution: block it}
    - {name: ping, match: ping, absent_for: 30s, meaning: the peer is alive}
    - {name: rotated, match: rotated, cadence: {every: 5m, tolerance: 30s}}`;
  const { web } = loaded(withLogs(logs)).config.services;
  assert.ok(web);
  assert.deepEqual(
    rulesOf(web).map(({ name, severity, summary, runbook }) => [name, severity, summary, runbook]),
    [
      [
        "output:lines",
        "warning",
        "output writes {{ $value }} lines a second, more than 100: is debug logging still on?",
        undefined,
      ],
      [
        "output:bytes",
        "warning",
        "output writes {{ $value }} bytes a second, more than 1048576: is debug logging still on?",
        undefined,
      ],
      ["denied:rate", "critical", "denied written {{ $value }} times within 1m by ip {{ $labels.group }}", "block it"],
      ["ping:absent", "warning", "ping not written for {{ $value }} s (the peer is alive)", undefined],
      ["rotated:cadence", "warning", "rotated not written every 5m ± 30s", undefined],
    ],
  );
});
