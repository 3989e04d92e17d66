import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { filesMatching, literally } from "./glob.js";

const files = [
  "a.log",
  "b.log",
  "b.log.1",
  ".c.log",
  "x[1].log",
  "sub/a.log",
  "sub/deep/a.log",
  "other/b.txt",
  "^.log",
];

test("a glob finds the files that match, and no others", async () => {
  using dir = tempDir();
  for (const file of files) {
    mkdirSync(dirname(dir.at(file)), { recursive: true });
    dir.write(file, "");
  }
  const found = async (glob: string): Promise<string[]> =>
    (await filesMatching(join(literally(dir.path), glob))).map((path) => path.slice(dir.path.length + 1)).sort();
  const table: Record<string, string[]> = {
    "*.log": ["^.log", "a.log", "b.log", "x[1].log"],
    "[ab].log": ["a.log", "b.log"],
    "[!a].log": ["^.log", "b.log"],
    "[^a].log": ["^.log", "a.log"],
    "?.log": ["^.log", "a.log", "b.log"],
    ".*": [".c.log"],
    "b.*": ["b.log", "b.log.1"],
    "*/a.log": ["sub/a.log"],
    "**/a.log": ["a.log", "sub/a.log", "sub/deep/a.log"],
    "sub/**/*.log": ["sub/a.log", "sub/deep/a.log"],
    "none/*.log": [],
    "a.log/*": [],
    sub: ["sub"],
    "su*": [],
  };
  for (const [glob, wanted] of Object.entries(table)) assert.deepEqual(await found(glob), wanted, glob);
  assert.deepEqual(await found(literally("x[1].log")), ["x[1].log"]);
});
