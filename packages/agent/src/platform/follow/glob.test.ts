import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { filesMatching, isMatching, literally } from "./glob.js";

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
    (await filesMatching(join(literally(dir.path), glob))).paths.map((path) => path.slice(dir.path.length + 1)).sort();
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
  for (const [glob, wanted] of Object.entries(table)) {
    assert.deepEqual(await found(glob), wanted, glob);
    const itself = join(literally(dir.path), glob);
    const matching = files.filter((file) => isMatching(itself, dir.at(file)));
    assert.deepEqual(
      matching.sort(),
      wanted.filter((one) => one !== "sub"),
      `${glob} by name`,
    );
  }
  assert.deepEqual(await found(literally("x[1].log")), ["x[1].log"]);
});

test("a directory that cannot be read is told, and hides nothing of the others; links come last", async () => {
  using dir = tempDir();
  symlinkSync("loop", dir.at("loop"));
  for (const name of ["a", "z"]) {
    mkdirSync(dir.at(name));
    dir.write(`${name}/b.log`, "");
  }
  symlinkSync("b.log", dir.at("a/a.log"));
  const { paths, faults } = await filesMatching(`${literally(dir.path)}/*/*.log`);
  assert.deepEqual(paths.slice(0, 2).sort(), [dir.at("a/b.log"), dir.at("z/b.log")]);
  assert.deepEqual(paths.slice(2), [dir.at("a/a.log")]);
  assert.deepEqual(
    faults.map(({ path }) => path),
    [dir.at("loop")],
  );
  assert.match(faults[0]?.reason ?? "", /ELOOP/);
});
