import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.js";

test("a duration is a number with its unit", () => {
  assert.deepEqual(
    ["500ms", "30s", "5m", "2h", "7d"].map(parseDuration),
    [500, 30_000, 300_000, 7_200_000, 604_800_000],
  );
});

test("a fraction is rounded to whole milliseconds", () => {
  assert.deepEqual(["1.5s", "0.25m", "0.6ms", "0s"].map(parseDuration), [1500, 15_000, 1, 0]);
});

for (const text of [
  "",
  "5",
  "s",
  "5 s",
  " 5s",
  "5s ",
  "-5s",
  "+5s",
  "5S",
  "5sec",
  "1h30m",
  ".5s",
  "5.s",
  "1e3s",
  "5s\n",
])
  test(`${JSON.stringify(text)} is no duration`, () => {
    assert.equal(parseDuration(text), undefined);
  });
