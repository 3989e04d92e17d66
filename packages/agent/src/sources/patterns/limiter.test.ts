import assert from "node:assert/strict";
import { test } from "node:test";
import { Limiter } from "./limiter.js";

test("so many are told within a time, and the next one after it tells how many were not", () => {
  const limiter = new Limiter({ events: 2, per: 1000 });
  const told = [0, 1, 2, 3, 999, 1000, 1001, 1002].map((nowMs) => limiter.take(nowMs));
  assert.deepEqual(told, [0, 0, undefined, undefined, undefined, 3, 0, undefined]);
});

test("what was suppressed and is followed by nothing is told when its time is over, once", () => {
  const limiter = new Limiter({ events: 1, per: 1000 });
  for (const nowMs of [0, 1, 2]) limiter.take(nowMs);
  assert.deepEqual([limiter.due(999), limiter.due(1000), limiter.due(1001)], [0, 2, 0]);
});

test("a clock that is set back begins a new time", () => {
  const limiter = new Limiter({ events: 1, per: 1000 });
  limiter.take(5000);
  assert.deepEqual([limiter.take(5001), limiter.take(100), limiter.take(200)], [undefined, 1, undefined]);
});

test("what it knows goes over to the next", () => {
  const limiter = new Limiter({ events: 1, per: 1000 });
  limiter.take(0);
  limiter.take(1);
  const next = new Limiter({ events: 1, per: 1000 }, limiter.state);
  assert.deepEqual([next.take(2), next.take(1000)], [undefined, 2]);
});
