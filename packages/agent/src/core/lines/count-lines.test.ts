import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countLines } from "./count-lines.js";

test("lines are counted wherever they begin and end, a last one without an end, too", () => {
  const bytes = fc.array(fc.constantFrom(0x0a, 0x0b, 0x0a, 0x8a, 0, 0xff, 0x61), { maxLength: 3000 });
  fc.assert(
    fc.property(bytes, fc.nat(7), (all, skipped) => {
      const block = Buffer.from(all).subarray(skipped);
      const ends = block.filter((byte) => byte === 0x0a).length;
      assert.equal(countLines(block), ends + (block.length > 0 && block.at(-1) !== 0x0a ? 1 : 0));
    }),
  );
});
