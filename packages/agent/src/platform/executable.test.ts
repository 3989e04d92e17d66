import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../testing/temp-dir.js";
import { findExecutable } from "./executable.js";

/** Two directories with programs, of which the first is searched first. */
function bins(): TempDir {
  const dir = tempDir();
  mkdirSync(dir.at("a"));
  mkdirSync(dir.at("b"));
  dir.write("a/plain", "text", 0o644);
  dir.write("b/plain", "#!/bin/sh\n", 0o755);
  dir.write("a/both", "#!/bin/sh\n", 0o755);
  dir.write("b/both", "#!/bin/sh\n", 0o755);
  return dir;
}

/** Where a program is found below the directory, or why not. */
function find(dir: TempDir, program: string, searchPath = `${dir.at("a")}:${dir.at("b")}`): string {
  const found = findExecutable(program, { cwd: dir.at("a"), searchPath });
  return ("path" in found ? found.path : found.reason).replaceAll(dir.path, "DIR");
}

test("a name is looked for in the search path, in its order, and only programs count", () => {
  using dir = bins();
  assert.equal(find(dir, "both"), "DIR/a/both");
  assert.equal(find(dir, "plain"), "DIR/b/plain");
});

test("a directory in the search path may be relative to where the process runs", () => {
  using dir = bins();
  assert.equal(find(dir, "plain", "../b"), "DIR/b/plain");
  assert.equal(find(dir, "both", ""), "DIR/a/both");
});

test("anything with a slash is a path, relative to where the process runs", () => {
  using dir = bins();
  assert.equal(find(dir, "./both"), "DIR/a/both");
  assert.equal(find(dir, "../b/plain"), "DIR/b/plain");
  assert.equal(find(dir, dir.at("b/both")), "DIR/b/both");
});

test("what cannot be started is told with what to do", () => {
  using dir = bins();
  assert.equal(find(dir, "nope"), '"nope" is not in PATH (DIR/a:DIR/b). Give its full path, or set PATH in env.');
  assert.equal(find(dir, "./nope"), "DIR/a/nope does not exist.");
  assert.equal(find(dir, "../b"), "DIR/b is a directory, not a program.");
  assert.match(find(dir, "./plain"), /^DIR\/a\/plain is not executable for this user\. chmod \+x it/);
  assert.match(find(dir, "./plain/deeper"), /^DIR\/a\/plain\/deeper cannot be reached: ENOTDIR/);
});
