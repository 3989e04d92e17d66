import assert from "node:assert/strict";
import { test } from "node:test";
import { buildInfo } from "./build.js";
import { checkConfig } from "./config/checks/check.js";
import { sourceKinds } from "./config/metrics.js";

/** What stands behind a word in the features. */
function listed(word: string): string[] {
  const feature = buildInfo().features.find((text) => text.startsWith(`${word}:`)) ?? "";
  return feature.slice(word.length + 1).split(",");
}

test("the build names every kind of check and every source of numbers there is", () => {
  const kinds = checkConfig.options.map(({ shape }) => shape.kind.value);
  assert.deepEqual(listed("checks").sort(), kinds.sort());
  assert.deepEqual(listed("numbers").sort(), [...sourceKinds].sort());
});
