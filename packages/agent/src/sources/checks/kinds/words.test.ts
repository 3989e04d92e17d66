import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesInWords, spanInWords, startOf, whyOf } from "./words.js";

test("sizes and times are said in the unit that fits", () => {
  assert.deepEqual([0, 1, 1023, 1024, 1536, 5 * 1024 ** 3, 3 * 1024 ** 5].map(bytesInWords), [
    "0 B",
    "1 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "5 GiB",
    "3072 TiB",
  ]);
  assert.deepEqual([0, 1999, 2000, 119_999, 120_000, 5_400_000, 200_000_000].map(spanInWords), [
    "0 ms",
    "1999 ms",
    "2 s",
    "119 s",
    "2 min",
    "90 min",
    "2 d",
  ]);
});

test("of what was said only the beginning is shown, on one line and in whole characters", () => {
  assert.equal(startOf('a\n"b"'), '"a\\n\\"b\\""');
  assert.equal(startOf(`${"a".repeat(199)}😀😀`), `"${"a".repeat(199)}"…`);
});

test("a name with several addresses fails for the reasons of each", () => {
  assert.equal(whyOf(new AggregateError([new Error("one"), new Error("two")])), "one; two");
});
