import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { expand, matcher } from "./path-glob.js";

const names = ["a.db", ".b.db", "c[1].db", "sub", "sub/a.db", "sub/deep", "sub/deep/.d.db"];

test("what a glob finds is what it matches", () => {
  using dir = tempDir();
  for (const name of names.filter((each) => each.endsWith(".db"))) {
    mkdirSync(dirname(dir.at(name)), { recursive: true });
    dir.write(name, "");
  }
  const table: Record<string, string[]> = {
    "a.db": ["a.db"],
    "*.db": [".b.db", "a.db", "c[1].db"],
    "?.db": ["a.db"],
    "[ab].db": ["a.db"],
    "[!b].db": ["a.db"],
    "c[[]1].db": ["c[1].db"],
    "*": [".b.db", "a.db", "c[1].db", "sub"],
    "**/*.db": [".b.db", "a.db", "c[1].db", "sub/a.db", "sub/deep/.d.db"],
    "sub/**": ["sub/a.db", "sub/deep", "sub/deep/.d.db"],
    "sub/**/a.db": ["sub/a.db"],
    "none/*": [],
    "a.db/*": [],
  };
  for (const [glob, wanted] of Object.entries(table)) {
    const isMatch = matcher([dir.at(glob)]);
    assert.deepEqual(expand(dir.at(glob)), wanted.map(dir.at), glob);
    assert.deepEqual(names.filter((name) => isMatch(dir.at(name))).sort(), wanted, glob);
  }
  assert.equal(matcher([])("/a"), false);
});
