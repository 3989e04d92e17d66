import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf } from "./progress-bar.js";

test("a bar shows how far it is, and is as wide whatever it says", () => {
  assert.equal(lineOf({ phase: "archive", percent: 50 }), `[${"#".repeat(15)}${" ".repeat(15)}]  50 % archive   `);
  assert.equal(lineOf({ phase: "walk", percent: 0 }), `[${" ".repeat(30)}]   0 % walk      `);
  const widths = [0, 1, 33, 99, 100].map((percent) => lineOf({ phase: "extract", percent }).length);
  assert.equal(new Set(widths).size, 1);
});
