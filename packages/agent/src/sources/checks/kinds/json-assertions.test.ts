import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonAssertion } from "../../../config/checks/json.js";
import { whyNotAsserted } from "./json-assertions.js";

const body = { status: "up", peers: 0, none: null, list: [{ n: 1 }, { n: 5 }], text: "a".repeat(500) };

/** What is said of the body when this is wanted of it; `ok` when it is right. */
const judged = async (wanted: object): Promise<string> =>
  (await whyNotAsserted(body, [jsonAssertion.parse(wanted)])) ?? "ok";

const rows: [wanted: object, says: string][] = [
  [{ path: "$.status" }, "ok"],
  [{ path: "$.status", equals: "up" }, "ok"],
  [{ path: "$.status", equals: "down" }, '$.status is "up", not "down"'],
  [{ path: "$.status", not: "down" }, "ok"],
  [{ path: "$.status", not: "up" }, '$.status is "up"'],
  [{ path: "$.status", matches: "^u" }, "ok"],
  [{ path: "$.status", matches: "^d" }, '$.status: "up" does not match /^d/'],
  [{ path: "$.peers", matches: "^\\d+$" }, "ok"],
  [{ path: "$.peers", equals: 0 }, "ok"],
  [{ path: "$.peers", equals: "0" }, '$.peers is 0, not "0"'],
  [{ path: "$.peers", at_least: 0, at_most: 0 }, "ok"],
  [{ path: "$.peers", at_least: 1 }, "$.peers is 0, less than 1"],
  [{ path: "$.peers", at_most: -1 }, "$.peers is 0, more than -1"],
  [{ path: "$.status", at_least: 1 }, '$.status is "up", which is no number'],
  [{ path: "$.none", at_most: 1 }, "$.none is null, which is no number"],
  [{ path: "$.none", equals: null }, "ok"],
  [{ path: "$.gone", at_most: 1 }, "there is no $.gone"],
  [{ path: "$.gone", equals: 0 }, "there is no $.gone"],
  [{ path: "$.gone", not: "x" }, "there is no $.gone"],
  [{ path: "$.gone", exists: false }, "ok"],
  [{ path: "$.peers", exists: false }, "$.peers is there, as 0"],
  [{ path: "$.list[*].n", at_least: 1 }, "ok"],
  [{ path: "$.list[*].n", at_most: 4 }, "$.list[*].n is 5, more than 4"],
  [{ path: "$.list[?@.n > 4].n", equals: 5 }, "ok"],
  [{ path: "$.text", equals: "b" }, `$.text is "${"a".repeat(200)}"…, not "b"`],
];

for (const [wanted, says] of rows)
  test(`of JSON, ${JSON.stringify(wanted)} is judged: ${says.slice(0, 40)}`, async () =>
    assert.equal(await judged(wanted), says));

test("a path that is none says what is wrong with it", async () => {
  assert.match(await judged({ path: "$.x[?" }), /^\$\.x\[\? is not understood: /);
});

test("assertions that cannot be are refused", () => {
  for (const wrong of [{ path: "status" }, { path: "$.a", exists: false, equals: 1 }, { path: "$.a", matches: "(" }])
    assert.equal(jsonAssertion.safeParse(wrong).success, false, JSON.stringify(wrong));
});
