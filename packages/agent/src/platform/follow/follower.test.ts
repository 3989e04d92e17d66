import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { follow, kept } from "../../testing/followed.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";

test("what is there comes, and what is added comes after it", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\ntwo\n");
  await using it = follow(path);
  await it.follower.caughtUp();
  appendFileSync(path, "three\n");
  await until(() => it.lines.length === 3);
  assert.deepEqual(it.lines, ["one", "two", "three"]);
  assert.deepEqual(it.places, ["1:0", "1:4", "1:8"]);
});

test("begun at the end, only what comes later comes; a line that was begun comes whole", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\ntw");
  await using it = follow(path, { from: "end" });
  await it.follower.caughtUp();
  appendFileSync(path, "o\nthree\n");
  await until(() => it.lines.length === 2);
  assert.deepEqual(it.lines, ["two", "three"]);
});

test("rotated by a new name, it is read to its end, and the new one from its beginning", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  await using it = follow(path);
  await it.follower.caughtUp();
  appendFileSync(path, "two\n");
  renameSync(path, directory.at("app.log.1"));
  writeFileSync(path, "three\n");
  appendFileSync(directory.at("app.log.1"), "late\n");
  await until(() => it.lines.length === 4);
  assert.deepEqual(it.lines, ["one", "two", "late", "three"]);
  appendFileSync(directory.at("app.log.1"), "later\n");
  await until(() => it.lines.length === 5);
  assert.deepEqual(it.gaps, []);
});

test("copied and emptied, the rest of it is read from the copy", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  await using it = follow(path);
  await it.follower.caughtUp();
  appendFileSync(path, "two\n");
  copyFileSync(path, directory.at("app.log.1"));
  truncateSync(path);
  appendFileSync(path, "three\nfour\nfive\nsix\n");
  await until(() => it.lines.length === 6);
  assert.deepEqual(it.lines, ["one", "two", "three", "four", "five", "six"]);
  assert.deepEqual(it.gaps, []);
});

test("after a restart it goes on where it was, through rotations in the meantime", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  const first = follow(path);
  await first.follower.caughtUp();
  await first[Symbol.asyncDispose]();
  appendFileSync(path, "two\n");
  renameSync(path, directory.at("app.log.2"));
  writeFileSync(directory.at("app.log.1"), "three\n");
  writeFileSync(path, "four\n");
  await using it = follow(path, { position: kept(first) });
  await until(() => it.lines.length === 3);
  assert.deepEqual(it.lines, ["two", "three", "four"]);
  assert.deepEqual(it.places, ["1:4", "2:0", "3:0"]);
  assert.deepEqual(it.gaps, []);
});

test("a link that is switched leads to the other file, after the rest of the first", async () => {
  using directory = tempDir();
  directory.write("a", "one\n");
  directory.write("b", "two\n");
  const path = directory.at("app.log");
  symlinkSync("a", path);
  await using it = follow(path);
  await it.follower.caughtUp();
  rmSync(path);
  symlinkSync("b", path);
  await until(() => it.lines.length === 2);
  assert.deepEqual(it.lines, ["one", "two"]);
});

test("a file, and a directory, may appear later; from its beginning", async () => {
  using directory = tempDir();
  await using it = follow(directory.at("later/app.log"), { from: "end" });
  await it.follower.caughtUp();
  mkdirSync(directory.at("later"));
  writeFileSync(directory.at("later/app.log"), "one\n");
  await until(() => it.lines.length === 1);
});
