import assert from "node:assert/strict";
import { chmodSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../testing/temp-dir.js";
import { openRunDir } from "./run-dir.js";

/** A directory for the test in which the system's temporary files lie, too. */
function ownTmp(): TempDir {
  const dir = tempDir();
  const before = process.env.TMPDIR;
  process.env.TMPDIR = dir.path;
  return {
    ...dir,
    [Symbol.dispose]: () => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      dir[Symbol.dispose]();
    },
  };
}

/** A place where nothing can be written: below a file. */
const unwritable = (dir: TempDir): string => `${dir.write("file", "")}/run`;

test("the wanted directory is used, and made for its owner where it is not there", () => {
  using dir = tempDir();
  assert.deepEqual(openRunDir(dir.at("deep/run")), { path: dir.at("deep/run") });
  assert.equal(statSync(dir.at("deep/run")).mode & 0o077, 0);
});

test("where it cannot be written another one is used, always the same, and the reason is told", () => {
  using dir = ownTmp();
  const wanted = unwritable(dir);
  const { path, problem } = openRunDir(wanted);
  assert.ok(path.startsWith(`${dir.path}/ostler-${process.getuid?.()}-`));
  assert.equal(statSync(path).mode & 0o077, 0);
  assert.match(problem ?? "", new RegExp(`^${wanted} cannot be written \\(ENOTDIR.*\\); using ${path}$`));
  assert.equal(openRunDir(wanted).path, path);
  assert.notEqual(openRunDir(`${dir.at("file")}/other`).path, path);
});

test("another one that others can reach into is not used", () => {
  using dir = ownTmp();
  const { path } = openRunDir(unwritable(dir));
  chmodSync(path, 0o777);
  assert.throws(() => openRunDir(unwritable(dir)), {
    code: "failed",
    message: /belongs to somebody else\. Set agent\.run_dir\.$/,
  });
});

test("another one that is a link to somewhere else is not used", () => {
  using dir = ownTmp();
  const wanted = unwritable(dir);
  const { path } = openRunDir(wanted);
  using elsewhere = ownTmp();
  mkdirSync(elsewhere.at("theirs"), { mode: 0o700 });
  symlinkSync(elsewhere.at("theirs"), path.replace(dir.path, elsewhere.path));
  assert.throws(() => openRunDir(wanted), { code: "failed", message: /belongs to somebody else/ });
});
