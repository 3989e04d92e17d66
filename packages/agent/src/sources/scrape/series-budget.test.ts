import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Family } from "@ostler/protocol";
import { fairShares, SeriesBudget } from "./series-budget.js";

/** Families by name, each with so many series. */
function families(sizes: Record<string, number>): Family[] {
  return Object.entries(sizes).map(([name, size]) => {
    const points = Array.from({ length: size }, (_, at) => ({ name, labels: { at: String(at) }, value: at }));
    return { name, type: "gauge", help: "", points };
  });
}

const shares: [wanted: number[], max: number, shares: number[]][] = [
  [[], 10, []],
  [[3, 4], 10, [3, 4]],
  [[10, 10], 10, [5, 5]],
  [[2, 100, 100], 11, [2, 5, 4]],
  [[100, 0, 100], 10, [5, 0, 5]],
  [[7], 5, [5]],
];

for (const [wanted, max, expected] of shares)
  test(`of ${max}, ${wanted.join(" and ")} get ${expected.join(" and ")}`, () =>
    assert.deepEqual(fairShares(wanted, max).map(Number), expected));

test("nobody gets more than is wanted, all together no more than there is, and nothing is left while somebody wants it", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 6 }), fc.nat(100), (wanted, max) => {
      const given = fairShares(wanted, max);
      const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0);
      assert.ok(given.every((share, at) => share <= (wanted[at] ?? 0)));
      assert.equal(sum(given), Math.min(max, sum(wanted)));
    }),
  );
});

function kept(budget: SeriesBudget, source: string, sizes: Record<string, number>): string {
  const { families: its, dropped } = budget.fit(source, families(sizes));
  return `${its.map(({ name }) => name).join(" ")} -${dropped}`;
}

test("what is over is left out as a whole, and what came last goes first", () => {
  const budget = new SeriesBudget(["a"], 10);
  assert.equal(kept(budget, "a", { b: 4, c: 4 }), "b c -0");
  assert.equal(budget.isOver, false);
  assert.equal(kept(budget, "a", { a: 4, b: 4, c: 4 }), "b c -4");
  assert.equal(budget.isOver, true);
  assert.equal(kept(budget, "a", { a: 4, c: 4 }), "a c -0");
  assert.equal(budget.isOver, false);
});

test("a source that grows takes nothing from another at once, and no more than its share in the end", () => {
  const budget = new SeriesBudget(["a", "b"], 10);
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`n${at}`, 1]));
  assert.equal(kept(budget, "a", ten).split(" ").length - 1, 10);
  assert.equal(kept(budget, "b", ten), " -10");
  assert.equal(kept(budget, "a", ten).split(" ").length - 1, 5);
  assert.equal(kept(budget, "b", ten).split(" ").length - 1, 5);
  budget.release("b");
  assert.equal(kept(budget, "a", ten), `${Object.keys(ten).join(" ")} -0`);
  assert.equal(budget.isOver, false);
});
