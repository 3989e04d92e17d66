import assert from "node:assert/strict";
import { test } from "node:test";
import { logNumbers } from "../../../config/numbers/log.js";
import { finderOf, linesOf } from "./line-values.js";

/** What these settings find in lines, each as `value label=word`. */
function found(settings: object, ...texts: string[]): string[] {
  const { values } = logNumbers.parse({ values: { n: settings } });
  assert.ok(values.n);
  return finderOf(values.n)(linesOf(texts)).map(({ value, labels }) => {
    const words = Object.entries(labels).map(([label, word]) => ` ${label}=${word}`);
    return `${value}${words.join("")}`;
  });
}

const took = "took (?<value>\\S+) ms";
const access = '^(?<ip>\\S+) .*" (?<code>\\d)\\d\\d ';

const cases: [promise: string, settings: object, texts: string[], found: string[]][] = [
  ["the number in the group", { match: took }, ["took 12 ms", "idle", "it took 1.5e2 ms"], ["12", "150"]],
  ["the number in its unit", { match: took, scale: 0.001 }, ["took 250 ms"], ["0.25"]],
  ["nothing where there is no number", { match: took }, ["took many ms", "took NaN ms", "took Infinity ms"], []],
  ["one for each line", { match: " 403 ", type: "counter" }, ["a 403 b", "a 200 b", "c 403 d"], ["1", "1"]],
  [
    "labels by groups",
    { match: access, type: "counter", labels: { ip: "$ip", class: "$code", app: "web" } },
    ['10.0.0.1 "GET /" 403 9', '10.0.0.2 "GET /" 200 9'],
    ["1 ip=10.0.0.1 class=4", "1 ip=10.0.0.2 class=2"],
  ],
  [
    "nothing for a group that found nothing",
    { match: "x(?<y>y)?", type: "counter", labels: { y: "$y" } },
    ["x", "xy"],
    ["1 y=", "1 y=y"],
  ],
  [
    "a field of JSON",
    { json: "vcon.time", labels: { queue: "$vcon.queue", ok: "$ok" } },
    [
      '{"vcon":{"time":2.5,"queue":"in"},"ok":true}',
      '{"vcon":{"time":"3"}}',
      '{"vcon":null}',
      "no JSON",
      "{",
      "[1]",
      "",
    ],
    ["2.5 queue=in ok=true", "3 queue= ok="],
  ],
  ["nothing that every object has", { json: "constructor.length" }, ["{}"], []],
];

for (const [promise, settings, texts, wanted] of cases)
  test(`a metric of lines has ${promise}`, () => assert.deepEqual(found(settings, ...texts), wanted));

test("case counts in the pattern of a metric", () => {
  assert.deepEqual(found({ match: "Failed", type: "counter" }, "it failed", "Failed"), ["1"]);
});
