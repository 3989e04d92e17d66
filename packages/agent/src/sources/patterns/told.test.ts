import assert from "node:assert/strict";
import { test } from "node:test";
import { Told } from "./told.js";

const match = (line: string, label = "a") => ({ label, pattern: "p", line });

test("what was told is not told again, as often as it was told", () => {
  const told = new Told([match("x"), match("y"), match("x"), match("x", "b")]);
  const has = (line: string, label = "a"): boolean => told.has(label, "p", () => line);
  assert.deepEqual(
    ["x", "z", "x", "x", "y", "y"].map((line) => has(line)),
    [true, false, true, false, true, false],
  );
  assert.deepEqual([has("x", "b"), has("x", "b")], [true, false]);
});

test("another pattern and another origin are something else", () => {
  const told = new Told([match("x")]);
  assert.equal(
    told.has("a", "q", () => "x"),
    false,
  );
  assert.equal(
    told.has("b", "p", () => "x"),
    false,
  );
});

test("a line that is there no more is not waited for, and lines are only looked at while one is", () => {
  const told = new Told([match("x")]);
  told.end("a");
  assert.equal(
    told.has("a", "p", () => assert.fail("nobody asks")),
    false,
  );
});

test("what has not been met again yet is known, so that it can be after another crash", () => {
  const told = new Told([match("x y"), match("z"), match("z"), match("z", "b")]);
  told.has("a", "p", () => "z");
  assert.deepEqual(told.left, [match("x y"), match("z"), match("z", "b")]);
  assert.equal(
    new Told(told.left).has("a", "p", () => "x y"),
    true,
  );
});
