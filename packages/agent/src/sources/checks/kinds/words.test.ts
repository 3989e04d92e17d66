import assert from "node:assert/strict";
import { test } from "node:test";
import { startOf, whyOf } from "./words.js";

test("of what was said only the beginning is shown, on one line and in whole characters", () => {
  assert.equal(startOf('a\n"b"'), '"a\\n\\"b\\""');
  assert.equal(startOf(`${"a".repeat(199)}😀😀`), `"${"a".repeat(199)}"…`);
});

test("a name with several addresses fails for the reasons of each", () => {
  assert.equal(whyOf(new AggregateError([new Error("one"), new Error("two")])), "one; two");
});
