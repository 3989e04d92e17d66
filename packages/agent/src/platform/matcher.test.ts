import assert from "node:assert/strict";
import { test } from "node:test";
import { Matcher } from "./matcher.js";

test("the first line that matches is found", () => {
  const matcher = new Matcher();
  const lines = ["waiting", "Listening on 8080", "Listening on 8081"];
  assert.deepEqual([matcher.find(/^Listening on \d+$/, lines), matcher.find(/nothing/, lines)], [1, -1]);
  assert.deepEqual([matcher.find(/x/, []), matcher.find(/^$/, [""])], [-1, 0]);
});

test("what named groups found is told of each line that matches", () => {
  const matcher = new Matcher();
  const found = matcher.groupsOf(/took (?<ms>\d+)(?<unit> ms)?/, ["took 12 ms", "idle", "took 7"]);
  if (found === "too-slow") assert.fail(found);
  assert.deepEqual(
    found.map((groups) => groups && { ...groups }),
    [{ ms: "12", unit: " ms" }, undefined, { ms: "7", unit: undefined }],
  );
  assert.deepEqual(matcher.groupsOf(/a/, ["b", "a"]), [undefined, {}]);
});

test("a pattern that would take for ever is given up, and the next one is tried as ever", () => {
  const matcher = new Matcher();
  const endless = `${"a".repeat(64)}!`;
  for (const pattern of [/(a+)+$/, /^(a|aa)*$/, /^(\w*)*\d$/])
    assert.equal(matcher.find(pattern, ["b", endless]), "too-slow", String(pattern));
  assert.equal(matcher.groupsOf(/(a+)+$/, ["b", endless]), "too-slow");
  assert.equal(matcher.find(/a!/, [endless]), 0);
});
