import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../../testing/config.js";

/** A service whose lines have these numbers; `its` are its other settings. */
const config = (log: string, its = 'command: [sleep, "1"]'): string =>
  `services: {web: {${its}, metrics: {scrape: {log: ${log}}}}}`;

function problemOf(log: string, its?: string): string {
  return (problemsOf(config(log, its))[0] ?? "").replace(/^\S+ services\.web\.metrics\.scrape(\.0)?(\.log)?\.?/, "");
}

const value = (text: string): string => `{values: {n: {${text}}}}`;

test("a metric of lines is a histogram, unless it says otherwise", () => {
  const [source] = loaded(config(value('match: "took (?<value>[0-9]+)"'))).config.services.web?.metrics.scrape ?? [];
  assert.equal(source?.name, "log");
  assert.deepEqual(source.log?.values.n, {
    match: "took (?<value>[0-9]+)",
    type: "histogram",
    scale: 1,
    labels: {},
    help: "",
  });
});

const good = [
  value("match: x, type: counter"),
  value("json: a.b_c, type: gauge, scale: 0.001"),
  value("json: a, labels: {queue: $q.name, app: x}"),
  value('match: "(?<value>.)(?<c>.)", labels: {c: $c}, buckets: [-1, 0, 2.5]'),
];

for (const log of good) test(`${log} is good`, () => assert.equal(problemOf(log), ""));

const bad: [log: string, problem: RegExp][] = [
  ["{values: {}}", /values: must name at least one metric$/],
  [value("type: gauge"), /must have either match or json$/],
  [value("match: x, json: a"), /must have either match or json$/],
  [value('match: "(?<value>"'), /values\.n\.match: must be a regular expression/],
  [value('match: "(x)"'), /values\.n\.match: needs a group \(\?<value>\.\.\.\) around the number; only a counter/],
  [value("match: x, type: counter, scale: 2"), /scale: is of no use without a group/],
  [value("match: x, type: counter, buckets: [1]"), /buckets: is of no use for a counter$/],
  [value("json: a, buckets: [1, 1]"), /buckets: must grow from one bound to the next$/],
  [value("json: a, buckets: []"), /buckets: must have at least one bound$/],
  [value("json: a..b"), /json: must be names with dots between them/],
  [value("json: a, scale: 0"), /scale: /],
  [value("json: a, labels: {le: x}"), /labels\.le: is the label of the buckets$/],
  [value("match: x, type: counter, labels: {c: $code}"), /labels\.c: names no group of the pattern: code$/],
  [value("json: a, labels: {service: x}"), /is a label that others set$/],
  ["{values: {n: {json: a}, n_sum: {json: b, type: counter}}}", /values\.n_sum: is a series of the histogram n$/],
  ["{process: other, values: {n: {json: a}}}", /process: names no process of the service$/],
];

for (const [log, problem] of bad) test(`${log} is refused`, () => assert.match(problemOf(log), problem));

test("what is wrong in one source of a list is told at its place", () => {
  const list = (source: string): string[] =>
    problemsOf(
      `services: {web: {command: [a], metrics: {scrape: [{name: x, log: {process: main, values: {n: {json: a}}}}, ${source}]}}}`,
    );
  assert.match(list("null").join(), /metrics\.scrape\.1: /);
  assert.match(list("{log: null}").join(), /metrics\.scrape\.1/);
  assert.match(
    list("{log: {process: no, values: {n: {json: a}}}}").join(),
    /scrape\.1\.log\.process: names no process/,
  );
});

test("a process is one that is written, whether or not there are several of it", () => {
  const processes = "processes: {api: {command: [a]}, worker: {command: [b], instances: 2}}";
  assert.equal(problemOf("{process: worker, values: {n: {json: a}}}", processes), "");
  assert.match(problemOf("{process: main, values: {n: {json: a}}}", processes), /names no process/);
});

test("lines are read of a unit of systemd, and not of a daemon with a pid file", () => {
  const unit = "attach: {systemd: db.service}";
  assert.equal(problemOf(value("json: a"), unit), "");
  assert.match(
    problemOf("{stream: stdout, values: {n: {json: a}}}", unit),
    /stream: is not known of a unit of systemd/,
  );
  assert.match(problemOf(value("json: a"), "attach: {pid_file: web.pid}"), /needs output that the agent sees/);
});
