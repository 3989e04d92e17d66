import assert from "node:assert/strict";
import { test } from "node:test";
import { Told } from "./told.js";

test("what was told is not told again, and what was only counted before it stays so", () => {
  const told = new Told([
    ["a", "2"],
    ["a", "4"],
    ["b", "1"],
  ]);
  const taken = ["1", "2", "3", "4", "5", "2"].map((key) => told.take("a", key));
  assert.deepEqual(taken, ["counted", "told", "counted", "told", "new", "new"]);
  assert.deepEqual(
    ["1", "1"].map((key) => told.take("b", key)),
    ["told", "new"],
  );
  assert.equal(told.take("c", "1"), "new");
});

test("a line that is there no more is not waited for", () => {
  const told = new Told([["a", "1"]]);
  told.end("a");
  assert.equal(told.take("a", "2"), "new");
});
