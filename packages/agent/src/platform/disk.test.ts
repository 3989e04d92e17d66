import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testDisk } from "../testing/disk-contract.js";
import { openDisk } from "./disk.js";
import { TempDisk } from "../testing/temp-disk.js";

testDisk("a directory of the host", (context) => {
  const temp = new TempDisk();
  context.after(() => temp[Symbol.dispose]());
  return temp.disk;
});

test("a directory that is not there is made, for its owner alone, and so are the files in it", async () => {
  using temp = new TempDisk();
  const path = join(temp.path, "new", "deep");
  const disk = openDisk(path);
  await disk.replace("a", "text");
  await (await disk.open("b")).close();
  assert.deepEqual(
    [path, join(path, "a"), join(path, "b")].map((file) => statSync(file).mode & 0o777),
    [0o700, 0o600, 0o600],
  );
});

test("a disk opened again has everything that was on it", async () => {
  using temp = new TempDisk();
  await temp.disk.replace("a", "text");
  assert.equal((await openDisk(temp.path).read("a", 0, 10)).toString(), "text");
});

test("directories, and links that lead nowhere, are no files", async () => {
  using temp = new TempDisk();
  mkdirSync(join(temp.path, "directory"));
  symlinkSync("nowhere", join(temp.path, "link"));
  assert.deepEqual(await temp.disk.list(), []);
});

test("a place where nothing can be stored is refused, with the reason and what to do", () => {
  using temp = new TempDisk();
  const file = join(temp.path, "file");
  writeFileSync(file, "");
  assert.throws(() => openDisk(join(file, "journal")), {
    code: "failed",
    message: /^Cannot store anything in .*file.*ENOTDIR.*writable/,
  });
});

test("opening leaves nothing behind in the directory", async () => {
  using temp = new TempDisk();
  openDisk(temp.path);
  assert.deepEqual(await temp.disk.list(), []);
});

test("who had a file open before it was replaced still has the old content: it is never half of each", async () => {
  using temp = new TempDisk();
  await temp.disk.replace("a", "old");
  const inode = statSync(join(temp.path, "a")).ino;
  await temp.disk.replace("a", "new");
  assert.notEqual(statSync(join(temp.path, "a")).ino, inode);
  assert.equal(readFileSync(join(temp.path, "a"), "utf8"), "new");
});
