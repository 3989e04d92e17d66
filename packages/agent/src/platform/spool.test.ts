import assert from "node:assert/strict";
import { closeSync, mkdirSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { openSpools, spoolPath } from "./spool.js";

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
