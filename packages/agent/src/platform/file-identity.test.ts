import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../testing/temp-dir.js";
import { filesIn, isSameFile, type FileIdentity } from "./file-identity.js";

/** Two releases, and a link to the first of them. */
function releases(): TempDir {
  const dir = tempDir();
  for (const release of ["41", "42"]) {
    mkdirSync(dir.at(release));
    dir.write(`${release}/server.js`, `release ${release}`);
  }
  symlinkSync("41", dir.at("current"));
  return dir;
}

function only(command: string[], cwd: string): FileIdentity {
  const [named, ...more] = filesIn(command, cwd);
  assert.deepEqual(more, []);
  return named?.file ?? assert.fail("it names no file");
}

test("the files of a command are its program and what it is given, where links lead to", () => {
  using dir = releases();
  const command = [process.execPath, "server.js", "--port", "80", "/does/not/exist", "."];
  const files = filesIn(command, dir.at("current"));
  assert.deepEqual(
    files.map(({ word }) => word),
    [process.execPath, "server.js"],
  );
  assert.equal(files[1]?.file.path, dir.at("41/server.js"));
  assert.equal(files[1]?.file.bytes, 10);
});

test("another release behind a link is another file, and so is one that was written anew", () => {
  using dir = releases();
  const look = (): FileIdentity => only([dir.at("current/server.js")], "/");
  const first = look();
  assert.equal(isSameFile(first, look()), true);
  rmSync(dir.at("current"));
  symlinkSync("42", dir.at("current"));
  assert.equal(isSameFile(first, look()), false);
  const second = look();
  dir.write("42/server.js", "release 42, mended");
  assert.equal(isSameFile(second, look()), false);
});

test("what cannot be a path is no file", () => {
  assert.deepEqual(filesIn(["a\0b", "", "x".repeat(5000)], "/"), []);
});
