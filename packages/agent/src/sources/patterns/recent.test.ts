import assert from "node:assert/strict";
import { test } from "node:test";
import { maxGroups, maxShown, Recent } from "./recent.js";

test("a match counts for as long as the window, by group", () => {
  const recent = new Recent(60_000);
  for (const [group, nowMs] of [
    ["a", 0],
    ["b", 30_000],
    ["a", 30_000],
    ["a", 59_000],
  ] as const)
    recent.add(group, nowMs);
  const counts = (nowMs: number): Record<string, number> =>
    Object.fromEntries(recent.top(nowMs).map(({ group, count }) => [group, count]));
  assert.deepEqual(counts(59_000), { a: 3, b: 1 });
  assert.deepEqual(counts(60_000), { a: 3, b: 1 });
  assert.deepEqual(counts(62_000), { a: 2, b: 1 });
  assert.deepEqual(counts(92_000), { a: 1 });
  assert.deepEqual(counts(121_000), {});
});

test("those are shown that have most, and of too many groups those are kept that were seen last", () => {
  const recent = new Recent(60_000);
  for (let at = 0; at < maxGroups + 10; at++) recent.add(String(at), 0);
  for (let times = 0; times < 3; times++) recent.add("0", 1);
  const top = recent.top(1);
  assert.deepEqual([top.length, top[0]], [maxShown, { group: "0", count: 3 }]);
  assert.equal(recent.state.length, maxGroups);
});

test("what it knows goes over to the next, and a clock that is set back leaves nothing over", () => {
  const recent = new Recent(60_000);
  recent.add("a", 100_000);
  const next = new Recent(60_000, JSON.parse(JSON.stringify(recent.state)) as typeof recent.state);
  assert.deepEqual(next.top(100_000), [{ group: "a", count: 1 }]);
  assert.deepEqual(next.top(10_000), []);
});
