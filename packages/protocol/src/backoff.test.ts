import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fullJitterMs } from "./backoff.js";

const backoff = { initialMs: 1000, maxMs: 60_000 };
/** The longest waits of the first tries. */
const walk = (tries: number): number[] =>
  Array.from({ length: tries }, (_, at) => fullJitterMs(at + 1, backoff, () => 0.9999999));

test("the bound doubles with every try, up to the largest", () => {
  assert.deepEqual(walk(8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test("the wait is a random part of the bound", () => {
  assert.equal(
    fullJitterMs(3, backoff, () => 0),
    0,
  );
  assert.equal(
    fullJitterMs(3, backoff, () => 0.25),
    1000,
  );
});

test("however many tries there were, the wait is a whole number between nothing and the largest", () => {
  const time = fc.nat({ max: 86_400_000 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      time,
      time,
      fc.nat({ max: 999 }),
      (attempt, initialMs, maxMs, part) => {
        const ms = fullJitterMs(attempt, { initialMs, maxMs }, () => part / 1000);
        assert.ok(Number.isInteger(ms) && ms >= 0 && ms <= maxMs, `${ms} ms`);
      },
    ),
  );
});
