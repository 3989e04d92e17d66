import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { redacted } from "./redact.js";
import type { NumbersSource } from "./metrics.js";

/** A service with these settings of its numbers, one a line. */
const withMetrics = (text: string): string =>
  `services:\n  web:\n    command: [sleep, "1"]\n    metrics:\n${text.replaceAll(/^/gm, "      ")}`;

function sourcesOf(text: string): readonly NumbersSource[] {
  return loaded(withMetrics(text)).config.services.web?.metrics.scrape ?? [];
}

/** The first problem of the numbers, without the path of the service. */
function problemOf(text: string): string {
  return problemsOf(withMetrics(text)).map((line) => line.replace("services.web.metrics.", ""))[0] ?? "";
}

const prometheus = 'prometheus: {url: "http://127.0.0.1:9464/metrics"}';

test("a service without numbers has none, and room for 500 series", () => {
  assert.deepEqual(loaded("services: {web: {command: [a]}}").config.services.web?.metrics, {
    scrape: [],
    max_series: 500,
  });
});

test("one source, or a list of them; each is called after its kind when it has no name", () => {
  assert.deepEqual(
    sourcesOf(`scrape: {${prometheus}}`).map(({ name, every, timeout }) => [name, every, timeout]),
    [["prometheus", 15_000, 5000]],
  );
  const two = `scrape:\n  - {${prometheus}}\n  - {name: load, exec: {command: [cat, /proc/loadavg], format: prometheus}}`;
  assert.deepEqual(
    sourcesOf(two).map(({ name }) => name),
    ["prometheus", "load"],
  );
});

test("every kind can be written as in the manual", () => {
  const all = `
scrape:
  - prometheus:
      url: http://127.0.0.1:9464/metrics
      include: ["handshakes_*"]
      exclude: ["go_*"]
      aliases: {peers: [current_peers, peers_connected]}
    labels: {role: api}
  - json:
      url: https://127.0.0.1/health
      tls: {ca: ca.pem}
      values: {peers: {path: "$.peers['a.b'][?@.x == ')'].n", type: counter, help: Peers, labels: {a: b}}}
  - redis:
      address: 127.0.0.1:6379
      values: {depth: {command: [LLEN, queue]}, used: {command: [info, memory], field: used_memory}}
      lists: {dead: {match: "DLQ:*"}}
  - exec: {command: [x], format: number, values: {load: {}}}
`.trim();
  assert.deepEqual(
    sourcesOf(all).map(({ name }) => name),
    ["prometheus", "json", "redis", "exec"],
  );
  assert.match(sourcesOf(all)[1]?.json?.tls?.ca ?? "", /^\/.*\/ca\.pem$/);
});

test("what is wrong is told at its place, in both forms", () => {
  assert.equal(
    problemOf("scrape: {json: {url: nowhere, values: {a: {path: $.a}}}}"),
    "5:28 scrape.json.url: must be an http:// or https:// URL",
  );
  assert.equal(
    problemOf("scrape:\n  - {json: {url: nowhere, values: {a: {path: $.a}}}}"),
    "6:24 scrape.0.json.url: must be an http:// or https:// URL",
  );
  assert.ok(
    problemsOf(withMetrics("scrape: {prometeus: {}}"))
      .join()
      .includes("prometeus: is not a setting; did you mean prometheus?"),
  );
  assert.match(problemOf("scrape: []\nmax_series: 0"), /max_series/);
  assert.match(problemOf("scrape: 7"), /^5:15 scrape: /);
});

const refusals: [text: string, problem: RegExp][] = [
  ["scrape: {}", /scrape: must have exactly one of prometheus, json, redis, exec/],
  [`scrape: {${prometheus}, exec: {command: [a], format: prometheus}}`, /must have exactly one of/],
  [
    `scrape: [{${prometheus}}, {${prometheus}}]`,
    /scrape\.1: has the name of another source of the service, "prometheus"/,
  ],
  [`scrape: {${prometheus}, every: 1s, timeout: 2s}`, /timeout: must not be longer than every/],
  [`scrape: {${prometheus}, labels: {service: x}}`, /is a label that others set/],
  [
    "scrape: {redis: {address: 'h:1', values: {a: {command: [FLUSHALL]}}}}",
    /command: must be a command that only reads/,
  ],
  [
    "scrape: {redis: {address: 'h:1', values: {a: {command: [KEYS, '*']}}}}",
    /command: must be a command that only reads/,
  ],
  ["scrape: {redis: {address: 'h:1'}}", /redis: needs values or lists/],
  ["scrape: {json: {url: 'http://h', values: {ostler_a: {path: $.a}}}}", /begins with ostler_/],
  ["scrape: {json: {url: 'http://h', values: {}}}", /must name at least one metric/],
  ["scrape: {exec: {command: [a], format: number, values: {}}}", /exactly one metric/],
  ["scrape: {exec: {command: [a], format: json, values: {b: {}}}}", /values\.b: needs path/],
  ["scrape: {exec: {command: [a], format: prometheus, values: {b: {}}}}", /values: is of no use/],
];

for (const [text, problem] of refusals) test(`refused: ${text}`, () => assert.match(problemOf(text), problem));

const paths: [path: string, fault: string | undefined][] = [
  ["$", undefined],
  ["$.a", undefined],
  ["$..a[0]['x y'].b", undefined],
  ["$..['a']", undefined],
  ["$[?length(@.a) > 1.5].b", undefined],
  ["a.b", "must be a JSONPath"],
  ["$a", "after $ comes"],
  ["$.a[0", "a ] is missing"],
  ["$.a]", "the ] at character 4 closes nothing"],
  ["$['a]", "has no end"],
  ["$.a.", "a name is missing"],
  ["$.[0]", "a name is missing"],
];

for (const [path, fault] of paths)
  test(`the path ${path} is ${fault === undefined ? "taken" : "refused"}`, () => {
    const problem = problemOf(`scrape: {json: {url: "http://h", values: {a: {path: ${JSON.stringify(path)}}}}}`);
    if (fault === undefined) assert.equal(problem, "");
    else assert.ok(problem.includes(fault), problem);
  });

test("passwords and telling headers are not shown", () => {
  const text = withMetrics(
    "scrape:\n  - {redis: {address: 'h:1', password: hush, values: {a: {command: [DBSIZE]}}}}\n" +
      "  - {prometheus: {url: 'http://h', headers: {authorization: Bearer hush}}}",
  );
  assert.ok(!JSON.stringify(redacted(loaded(text))).includes("hush"));
});
