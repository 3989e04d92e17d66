import assert from "node:assert/strict";
import { closeSync, mkdirSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { lastLines, markSpools, openSpools, spoolPath } from "./spool.js";

test("what a process writes is appended to files of its own, for the owner's eyes", () => {
  using dir = tempDir();
  for (const text of ["one\n", "two\n"]) {
    const { stdout, stderr } = openSpools(dir.at("output"), "web", "main");
    writeSync(stdout, text);
    [stdout, stderr].forEach(closeSync);
  }
  const path = spoolPath(dir.at("output"), "web", "main", "stdout");
  assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
  assert.equal((statSync(path).mode & 0o077) + (statSync(dir.at("output")).mode & 0o077), 0);
});

test("a spool that cannot be opened leaves no file open", () => {
  using dir = tempDir();
  mkdirSync(spoolPath(dir.path, "web", "main", "stderr"));
  const openFiles = (): number => readdirSync("/proc/self/fd").length;
  const before = openFiles();
  assert.throws(() => openSpools(dir.path, "web", "main"), { code: "EISDIR" });
  assert.equal(openFiles(), before);
});

const slot = { service: "web", process: "main" };

test("the last lines of a run are those that it has written itself", () => {
  using dir = tempDir();
  dir.write("web.main.stdout", "of the run before\n");
  const mark = markSpools(dir.path, "web", "main");
  dir.write("web.main.stdout", "of the run before\nfirst\n\nlast without an end");
  assert.deepEqual(lastLines(dir.path, slot, "stdout", { from: mark }), ["first", "last without an end"]);
  assert.deepEqual(lastLines(dir.path, slot, "stderr", { from: mark }), []);
});

test("of much output only whole lines out of the end are read, and of an emptied spool what is there", () => {
  using dir = tempDir();
  const mark = { stdout: 1000, stderr: 0 };
  dir.write("web.main.stdout", "new\n");
  dir.write("web.main.stderr", `${"x".repeat(100)}\nsecond\nthird\n`);
  assert.deepEqual(lastLines(dir.path, slot, "stdout", { from: mark }), ["new"]);
  assert.deepEqual(lastLines(dir.path, slot, "stderr", { from: mark }, 20), ["second", "third"]);
});

test("what cannot be read has no lines", () => {
  using dir = tempDir();
  const file = dir.write("file", "");
  assert.deepEqual(markSpools(file, "web", "main"), { stdout: 0, stderr: 0 });
  assert.deepEqual(lastLines(file, slot, "stdout", { from: { stdout: 0, stderr: 0 } }), []);
});

test("a run has written what is before the beginning of the next one", () => {
  using dir = tempDir();
  const [from, to] = [
    { stdout: 4, stderr: 0 },
    { stdout: 9, stderr: 0 },
  ];
  dir.write("web.main.stdout", "old\nmine\nnext\n");
  assert.deepEqual(lastLines(dir.path, slot, "stdout", { from, to }), ["mine"]);
});
