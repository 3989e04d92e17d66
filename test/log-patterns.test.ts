import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** A service that writes to its stdout what the test appends to a file, with some `logs`. */
async function started(logs: string, more = ""): Promise<TestAgent & { write: (text: string) => void }> {
  const agent = TestAgent.prepare(configOf(logs, more));
  writeFileSync(join(agent.directory, "in"), "");
  await agent.run();
  await agent.ready("web");
  return Object.assign(agent, { write: (text: string) => appendFileSync(join(agent.directory, "in"), text) });
}

function configOf(logs: string, more = ""): string {
  return `agent: {data_dir: ./data, rules: {every: 1s}}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [tail, -n, "+1", -f, DIR/in]
    ${more}
    logs:
${logs.replace(/^/gm, "      ")}
`;
}

async function eventsOf(agent: TestAgent, type: string, count: number): Promise<Envelope[]> {
  return until(async () => {
    const events = await agent.events(type);
    return events.length >= count ? events : undefined;
  }, `there are ${count} of ${type}`);
}

test("a line that matches is told with what it says and what is known of it", async () => {
  await using agent = await started(`
- patterns:
    - name: lost
      match: ['peer (?<peer>\\S+) lost', 'connection to (?<peer>\\S+) closed']
      severity: warning
      meaning: a peer is gone
      cause: the network
      resolution: look at the firewall`);
  agent.write(
    "all is well\n\u001b[31m2026-11-21T10:00:00Z  WARN mesh: PEER 10.0.0.7 LOST\u001b[0m\r\n  after 3 tries\nconnection to b closed\n",
  );
  const [first, second] = await eventsOf(agent, "pattern.matched", 2);
  const { key, ...data } = first?.data ?? {};
  assert.deepEqual(data, {
    service: "web",
    source: "output",
    process: "main",
    stream: "stdout",
    pattern: "lost",
    severity: "warning",
    line: "2026-11-21T10:00:00Z  WARN mesh: PEER 10.0.0.7 LOST",
    more: ["  after 3 tries"],
    captures: { peer: "10.0.0.7" },
    level: "warning",
    writtenAt: "2026-11-21T10:00:00.000Z",
    meaning: "a peer is gone",
    cause: "the network",
    resolution: "look at the firewall",
    suppressed: 0,
  });
  assert.equal(typeof key, "string");
  assert.equal(first?.severity, "warn");
  assert.deepEqual(second?.data.captures, { peer: "b" });
  assert.deepEqual((await agent.state()).services.web?.patterns?.lost?.captures, { peer: "b" });
});

test("fields and levels are looked at, however the line is written", async () => {
  await using agent = await started(`
- patterns:
    - {name: denied, fields: {status: [401, 403]}}
    - {name: slow, fields: {ms: {at_least: 1000}}}
    - {name: bad, level: error}`);
  agent.write(
    [
      '{"status": 403, "ms": 20, "level": "info"}',
      "time=2026-11-21T10:00:00Z level=ERROR msg=x status=200 ms=1500",
      '10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 401 12 "-" "curl"',
      "403 is only a word here",
      "",
    ].join("\n"),
  );
  await eventsOf(agent, "pattern.matched", 4);
  const told = (await agent.events("pattern.matched")).map(
    ({ data }) => `${String(data.pattern)}: ${String(data.line).slice(0, 10)}`,
  );
  assert.deepEqual(told.sort(), ["bad: time=2026-", "denied: 10.0.0.1 -", 'denied: {"status":', "slow: time=2026-"]);
});

test("more matches than the limit are counted, and their number is told", async () => {
  await using agent = await started(`- {patterns: [{name: hit, match: hit, limit: {events: 2, per: 2s}}]}`);
  agent.write("hit\n".repeat(7));
  const [suppressed] = await eventsOf(agent, "pattern.suppressed", 1);
  assert.equal(suppressed?.data.count, 5);
  assert.equal((await agent.events("pattern.matched")).length, 2);
  const metrics = (await agent.get("/metrics")) as string;
  assert.match(metrics, /^ostler_log_matches_total\{service="web",source="output",pattern="hit"\} 7$/m);
  assert.match(metrics, /^ostler_log_lines_total\{service="web",source="output"\} 7$/m);
});

test("too many from one source raise an alert about that source", async () => {
  await using agent = await started(`
- patterns:
    - {name: denied, match: 'denied (?<ip>\\S+)', rate: {count: 3, window: 1h, by: ip}, resolution: block it}`);
  agent.write("denied 10.0.0.1\ndenied 10.0.0.2\ndenied 10.0.0.1\ndenied 10.0.0.1\n");
  const [fired] = await eventsOf(agent, "alert.fired", 1);
  assert.deepEqual(
    [fired?.data.rule, (fired?.data.labels as Record<string, string>).group, fired?.data.summary, fired?.data.runbook],
    ["denied:rate", "10.0.0.1", "denied written 3 times within 1h by ip 10.0.0.1", "block it"],
  );
});

test("what is not written for a time, and what is not written after a start, is told", async () => {
  await using agent = await started(`
- patterns:
    - {name: ping, match: ping, absent_for: 2s}
    - {name: listening, match: listening on, within: 1s, cause: the port is taken}
    - {name: greets, match: hello, within: 1h}`);
  agent.write("hello\n");
  const [missed] = await eventsOf(agent, "pattern.missed", 1);
  assert.deepEqual(
    [missed?.data.pattern, missed?.data.process, missed?.data.cause],
    ["listening", "main", "the port is taken"],
  );
  const [fired] = await eventsOf(agent, "alert.fired", 1);
  assert.equal(fired?.data.rule, "ping:absent");
  agent.write("ping\nlistening on 1\n");
  await eventsOf(agent, "alert.resolved", 1);
  await until(async () => (await agent.state()).services.web?.patterns?.listening?.seenAt, "it is seen at last");
  assert.equal((await agent.state()).services.web?.patterns?.listening?.missed, undefined);
});

test("a number in a line becomes a metric, with labels out of the line", async () => {
  await using agent = await started(`
- patterns:
    - name: took
      match: '(?<op>\\w+) took (?<value>[\\d.]+) ms'
      extract: {metric: op_seconds, scale: 0.001, buckets: [0.01, 0.1], labels: {op: $op}}`);
  agent.write("read took 5 ms\nread took 50 ms\nwrite took 1 ms\n");
  await until(async () => {
    const metrics = (await agent.get("/metrics")) as string;
    return (
      /^op_seconds_count\{service="web",op="read"\} 2$/m.test(metrics) &&
      /op_seconds_bucket\{.*le="0.01".*\} 1/.test(metrics)
    );
  }, "the histogram is shown");
});

test("a pattern runs a task, and restarts what wrote it", async () => {
  await using agent = await started(
    `
- patterns:
    - {name: stuck, match: stuck, action: restart}
    - {name: full, match: disk full, action: {task: clean}}`,
    `tasks: {clean: {command: [touch, DIR/cleaned]}}`,
  );
  agent.write("disk full\n");
  const [ran] = await until(async () => {
    const events = (await agent.events("command.finished")).filter(({ data }) => data.outcome === "succeeded");
    return events.length > 0 ? events : undefined;
  }, "the task has run");
  assert.ok(ran);
  readFileSync(join(agent.directory, "cleaned"));
  const before = await agent.pidOf("web");
  agent.write("stuck\n");
  await until(async () => (await agent.pidOf("web")) !== before, "it was restarted");
});

test("a file is followed through a rotation, and many files by a glob", async () => {
  await using agent = await started(`
- {name: files, file: DIR/*.log, from: beginning, patterns: [{name: n, match: '^n (?<n>\\d+)', limit: {events: 1000, per: 1s}}]}`);
  const a = join(agent.directory, "a.log");
  writeFileSync(a, "n 1\n");
  await eventsOf(agent, "pattern.matched", 1);
  writeFileSync(join(agent.directory, "b.log"), "n 2\n");
  await eventsOf(agent, "pattern.matched", 2);
  appendFileSync(a, "n 3\n");
  renameSync(a, `${a}.1`);
  writeFileSync(a, "n 4\n");
  appendFileSync(`${a}.1`, "n 5\n");
  await eventsOf(agent, "pattern.matched", 5);
  const told = (await agent.events("pattern.matched")).map(({ data }) => (data.captures as { n: string }).n);
  assert.deepEqual(told.sort(), ["1", "2", "3", "4", "5"]);
});

test("records of several lines are one, and end when nothing more comes", async () => {
  await using agent = await started(`
- {multiline: {start: '^\\d'}, patterns: [{name: oops, match: 'ValueError'}]}`);
  agent.write("1 begin\n2 Traceback\n  File x\nValueError: no\n3 fine\n4 Traceback\nValueError: again\n");
  const [first, last] = await eventsOf(agent, "pattern.matched", 2);
  assert.deepEqual([first?.data.line, first?.data.more], ["2 Traceback", ["  File x", "ValueError: no"]]);
  assert.deepEqual([last?.data.line, last?.data.more], ["4 Traceback", ["ValueError: again"]]);
});

test("a reload adds a pattern, goes on where it was read, and forgets what is gone", async () => {
  await using agent = await started(`- {patterns: [{name: one, match: one}]}`);
  agent.write("one two\n");
  await eventsOf(agent, "pattern.matched", 1);
  agent.configure(configOf(`- {patterns: [{name: two, match: two}]}`));
  assert.equal((await agent.ostler("reload")).code, 0);
  agent.write("one two again\n");
  const [, second] = await eventsOf(agent, "pattern.matched", 2);
  assert.deepEqual([second?.data.pattern, second?.data.line], ["two", "one two again"]);
  assert.deepEqual(Object.keys((await agent.state()).services.web?.patterns ?? {}), ["two"]);
});

test("an agent that is killed while lines come loses none and doubles none", async () => {
  const logs = `
- name: out
  forward: {file: DIR/forwarded, max_size: 8KiB, keep: 100}
  patterns: [{name: n, match: '^n (?<n>\\d+)$', limit: {events: 10000, per: 1s}}]`;
  await using agent = await started(logs);
  let written = 0;
  for (let round = 0; round < 6; round++) {
    const seen = (await agent.events("pattern.matched")).length;
    for (let times = 0; times < 20; times++) agent.write(Array.from({ length: 20 }, () => `n ${++written}\n`).join(""));
    await until(async () => (await agent.events("pattern.matched")).length > seen, "something has come");
    agent.write(Array.from({ length: 20 }, () => `n ${++written}\n`).join(""));
    await agent.end("SIGKILL");
    agent.write(Array.from({ length: 20 }, () => `n ${++written}\n`).join(""));
    await agent.run();
  }
  await eventsOf(agent, "pattern.matched", written);
  const told = (await agent.events("pattern.matched")).map(({ data }) => Number((data.captures as { n: string }).n));
  assert.deepEqual(
    told,
    Array.from({ length: written }, (_, at) => at + 1),
  );
  await agent.end();
  const files = Array.from({ length: 100 }, (_, at) => `forwarded.${100 - at}`).concat("forwarded");
  const forwarded = files.flatMap((name) => {
    try {
      return readFileSync(join(agent.directory, name), "utf8")
        .split("\n")
        .filter((line) => line !== "");
    } catch {
      return [];
    }
  });
  assert.deepEqual(
    forwarded,
    Array.from({ length: written }, (_, at) => `n ${at + 1}`),
  );
});

test("patterns that take too much work on a line give it up, which is told; the others find theirs", async () => {
  await using agent = await started(`
- patterns:
    - {name: costly, match: 'a.{300}c'}
    - {name: whole, match: 'b$'}`);
  let seed = 1;
  const random = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 16;
  const letters = Array.from({ length: 128 * 1024 }, () => "ab"[random() % 2] ?? "");
  agent.write(`${letters.join("")}b\n`);
  const [found] = await eventsOf(agent, "pattern.matched", 1);
  assert.equal(found?.data.pattern, "whole");
  const [degraded] = await eventsOf(agent, "agent.degraded", 1);
  assert.equal(degraded?.data.part, "log web/output: pattern costly");
  assert.match(String(degraded?.data.reason), /takes too much work/);
});
