import assert from "node:assert/strict";
import { test } from "node:test";
import { maxTurnMs, Turns } from "./turns.js";

test("others get a turn when a piece of work was long enough, and not before", async () => {
  let nowMs = 0;
  let others = 0;
  const count = (): void => void (others++, (next = setImmediate(count)));
  let next = setImmediate(count);
  const turns = new Turns(() => nowMs);
  for (let step = 0; step < maxTurnMs; step++, nowMs++) await turns.next();
  assert.equal(others, 0);
  await turns.next();
  clearImmediate(next);
  assert.equal(others, 1);
});
