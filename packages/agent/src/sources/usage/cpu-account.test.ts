import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { spend, unspent, type CpuAccount, type CpuTimes } from "./cpu-account.js";

const member = (pid: number, parent: number, cpuSeconds: number, waitedCpuSeconds = 0, startTicks = 1): CpuTimes => ({
  pid,
  parent,
  cpuSeconds,
  waitedCpuSeconds,
  startTicks,
});

/** What the account says after each look. */
function walk(...looks: CpuTimes[][]): number[] {
  let account: CpuAccount = unspent;
  return looks.map((look) => (account = spend(account, look)).seconds);
}

test("what the members have used, and waited for, is the tree's", () => {
  assert.deepEqual(walk([member(1, 0, 5, 2), member(2, 1, 1)], [member(1, 0, 6, 2), member(2, 1, 3)]), [8, 11]);
});

test("a member that ends and is waited for counts once", () => {
  assert.deepEqual(walk([member(1, 0, 5), member(2, 1, 3)], [member(1, 0, 5, 4)]), [8, 9]);
});

test("a member that ends and is not waited for stays counted", () => {
  assert.deepEqual(walk([member(1, 0, 5), member(2, 1, 3)], [member(1, 0, 6)], [member(1, 0, 7)]), [8, 9, 10]);
});

test("a member whose parent has ended as well is inherited from further down", () => {
  const tree = [member(1, 0, 5), member(2, 1, 3), member(3, 2, 1)];
  assert.deepEqual(walk(tree, [member(1, 0, 5, 4)]), [9, 9]);
});

test("a pid that was given to another process is another member", () => {
  assert.deepEqual(walk([member(1, 0, 5), member(2, 1, 3)], [member(1, 0, 5, 3), member(2, 1, 1, 0, 9)]), [8, 9]);
});

test("who came and went between two looks counts when it was waited for", () => {
  assert.deepEqual(walk([member(1, 0, 5)], [member(1, 0, 5, 7)]), [5, 12]);
});

test("the account never falls, whatever the members say", () => {
  const times = fc.record({
    pid: fc.integer({ min: 1, max: 5 }),
    parent: fc.integer({ min: 0, max: 5 }),
    cpuSeconds: fc.integer({ min: 0, max: 20 }),
    waitedCpuSeconds: fc.integer({ min: 0, max: 20 }),
    startTicks: fc.integer({ min: 1, max: 2 }),
  });
  const look = fc.uniqueArray(times, { selector: ({ pid }) => pid, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(look), (looks) => {
      const told = walk(...looks);
      assert.deepEqual(
        told,
        [...told].sort((a, b) => a - b),
      );
    }),
  );
});
