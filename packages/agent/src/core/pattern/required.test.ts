import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryPattern, arbitraryText } from "../../testing/patterns.js";
import { Pattern } from "./pattern.js";

test("the longest texts of which each match has one are known", () => {
  const required = (source: string): readonly string[] | undefined => Pattern.parse(source).required;
  assert.deepEqual(required("Handshake failed"), ["handshake failed"]);
  assert.deepEqual(required("peer (?<id>\\w+) lost|gone away"), ["peer ", "gone away"]);
  assert.deepEqual(required("unauthori[sz]ed"), ["unauthorised", "unauthorized"]);
  assert.deepEqual(required("time(d )?out$"), ["timeout", "timed out"]);
  assert.deepEqual(required("\\d+ (connections )+refused"), ["connections "]);
  assert.deepEqual(required("x*error.?"), ["error"]);
  assert.deepEqual(required("a\\x00bcd"), ["bcd"]);
  assert.equal(required("\\w+"), undefined);
  assert.equal(required("(error)*"), undefined);
});

test("whatever matches has one of the texts in it", () => {
  fc.assert(
    fc.property(arbitraryPattern, fc.boolean(), arbitraryText, (source, caseSensitive, text) => {
      let pattern: Pattern;
      try {
        pattern = Pattern.parse(source, { caseSensitive });
      } catch {
        return; // Too large.
      }
      const match = pattern.execLikely(text);
      if (match && pattern.required) assert.ok(pattern.required.some((one) => match.text.toLowerCase().includes(one)));
    }),
    { numRuns: 2000 },
  );
});
