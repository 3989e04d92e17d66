import assert from "node:assert/strict";
import { test } from "node:test";
import { resticPattern } from "./pattern.js";

test("globs become patterns of restic", () => {
  assert.equal(resticPattern("/a/**/*.log"), "/a/**/*.log");
  assert.equal(resticPattern("/a/"), "/a");
  assert.equal(resticPattern("/"), "/");
  assert.equal(resticPattern("/a/[!b-d]?"), "/a/[^b-d]?");
  assert.equal(resticPattern("/a/[^b]"), "/a/[\\^b]");
  assert.equal(resticPattern("/a\\b/[c"), "/a\\\\b/\\[c");
});
