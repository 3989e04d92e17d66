import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, namesIn } from "./template.js";

test("names are found wherever they stand, with and without spaces", () => {
  assert.deepEqual(namesIn("{{a}}/{{ now:unix }}{{env:B}}"), ["a", "now:unix", "env:B"]);
});

test("braces without a name are text", () => {
  for (const text of ['{"a":{"b":1}}', "{{}}", "{{ }}", "{a}", "{{a}", "{{{}}}"])
    assert.deepEqual(namesIn(text), [], text);
});

test("each name is replaced by its value, and values are not looked into", () => {
  const values: Record<string, string> = { a: "{{b}}", b: "$&" };
  assert.equal(
    filled("x{{a}}y{{ b }}z{{a}}", (name) => values[name] ?? ""),
    "x{{b}}y$&z{{b}}",
  );
});
