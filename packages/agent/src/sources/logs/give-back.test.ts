import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { givingBack } from "./give-back.js";

function keeps(sizes: number[], maxBytes: number, maxTotalBytes: number): (number | "all")[] {
  const spools = sizes.map((occupied, at) => ({ name: String(at), size: 10 * occupied, occupied }));
  const plan = givingBack(spools, { maxBytes, maxTotalBytes });
  return spools.map((spool) => plan.find((one) => one.spool === spool)?.keptBytes ?? "all");
}

test("a spool that is too large keeps three quarters of what it may have, and the others everything", () => {
  assert.deepEqual(keeps([100, 101, 400, 0], 100, 10_000), ["all", 75, 75, "all"]);
  assert.deepEqual(keeps([], 100, 100), []);
});

test("when all together are too large, the largest give back first", () => {
  assert.deepEqual(keeps([10, 50, 60], 100, 120), ["all", "all", "all"]);
  assert.deepEqual(keeps([10, 50, 61], 100, 120), ["all", 40, 40]);
  assert.deepEqual(keeps([10, 20, 91], 100, 120), ["all", "all", 60]);
  assert.deepEqual(keeps([500, 10], 100, 80), [50, "all"]);
});

test("whatever there is, the limits hold afterwards, and nobody gives back more than the largest", () => {
  const sizes = fc.array(fc.nat(1000), { maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 5000 }), (all, most, total) => {
      const kept = keeps(all, most, total).map((keep, at) => (keep === "all" ? (all[at] ?? 0) : keep));
      assert.ok(kept.every((keep, at) => keep <= Math.min(most, all[at] ?? 0)));
      assert.ok(kept.reduce((sum, keep) => sum + keep, 0) <= total);
      const [largest] = all.map((size, at) => [size, kept[at] ?? 0] as const).sort(([a], [b]) => b - a);
      if (largest && largest[0] <= most) assert.ok(kept.every((keep) => keep <= largest[1]));
    }),
  );
});
