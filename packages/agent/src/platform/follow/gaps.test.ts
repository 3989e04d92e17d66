import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { follow, kept } from "../../testing/followed.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import type { Position } from "./place.js";

/** The position of somebody who has read all of a file, and is gone. */
async function readTo(path: string): Promise<Position> {
  const it = follow(path);
  await it.follower.caughtUp();
  await it[Symbol.asyncDispose]();
  return kept(it);
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n} of a log\n`).join("");

test("emptied in place, it is read from its beginning; that lines may be lost is told", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  await using it = follow(path);
  await it.follower.caughtUp();
  truncateSync(path);
  appendFileSync(path, "2\n");
  await until(() => it.lines.length === 2);
  assert.deepEqual(it.places, ["1:0", "2:0"]);
  assert.deepEqual(it.gaps, [{ reason: "truncated", from: { generation: 1, offset: 4 } }]);
});

test("emptied and grown past where it was read, before anybody looked, is noticed; while it is followed and after a restart", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", numbered(0, 50));
  const position = await readTo(path);
  writeFileSync(path, numbered(1000, 1100));
  await using it = follow(path, { position });
  await it.follower.caughtUp();
  writeFileSync(path, numbered(2000, 2300));
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, (numbered(1000, 1100) + numbered(2000, 2300)).trimEnd().split("\n"));
  assert.deepEqual(
    it.gaps.map(({ reason, from }) => [reason, from.generation]),
    [
      ["truncated", 1],
      ["truncated", 2],
    ],
  );
});

test("removed and made anew, nothing of either is lost", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  await using it = follow(path);
  await it.follower.caughtUp();
  appendFileSync(path, "two\n");
  rmSync(path);
  writeFileSync(path, "three\n");
  await until(() => it.lines.length === 3);
  assert.deepEqual([it.lines, it.gaps], [["one", "two", "three"], []]);
});

test("removed and made anew while nobody followed is told", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  const position = await readTo(path);
  rmSync(path);
  writeFileSync(path, "two\n");
  await using it = follow(path, { position });
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["two"]);
  assert.deepEqual(
    it.gaps.map(({ reason }) => reason),
    ["replaced"],
  );
});

test("rotated so often that its file is gone is told; what is left is read in order", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  const position = await readTo(path);
  rmSync(path);
  await until(() => Date.now() > position.modifiedMs + 20, "the clock of files has gone on");
  writeFileSync(directory.at("app.log.2"), "three\n");
  writeFileSync(directory.at("app.log.1"), "four\n");
  writeFileSync(path, "five\n");
  await using it = follow(path, { position });
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["three", "four", "five"]);
  assert.deepEqual(it.gaps, [{ reason: "rotated-away", from: { generation: 1, offset: 4 } }]);
});

test("packed by gzip while nobody followed, the rest is unpacked, and so are those that came after it", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", numbered(0, 10));
  const position = await readTo(path);
  rmSync(path);
  writeFileSync(directory.at("app.log.2.gz"), gzipSync(numbered(0, 20_000)));
  writeFileSync(directory.at("app.log.1.gz"), gzipSync(numbered(20_000, 40_000)));
  writeFileSync(path, numbered(40_000, 40_001));
  await using it = follow(path, { position });
  await it.follower.caughtUp();
  assert.equal(it.lines.join("\n"), numbered(10, 40_001).trimEnd());
  assert.deepEqual(it.gaps, []);
});

test("packed by a program, it is unpacked by that; where there is none, or it fails, that is told", async () => {
  using directory = tempDir();
  const pathBefore = process.env.PATH;
  process.env.PATH = directory.path;
  for (const [name, exit] of [
    ["zstd", 0],
    ["xz", 1],
  ] as const)
    directory.write(name, `#!/bin/sh\nexec 3<&0; while read -r line <&3; do echo "$line"; done; exit ${exit}\n`, 0o755);
  try {
    const path = directory.write("app.log", "one\n");
    const position = await readTo(path);
    writeFileSync(directory.at("app.log.4.zst"), "one\ntwo\n");
    writeFileSync(directory.at("app.log.3.xz"), "three\n");
    writeFileSync(directory.at("app.log.2.bz2"), "four\n");
    rmSync(path);
    writeFileSync(path, "five\n");
    await using it = follow(path, { position });
    await it.follower.caughtUp();
    assert.deepEqual(it.lines, ["two", "three", "five"]);
    assert.deepEqual(
      it.gaps.map(({ reason, from }) => [reason, from.generation]),
      [
        ["rotated-away", 2],
        ["rotated-away", 3],
      ],
    );
  } finally {
    process.env.PATH = pathBefore;
  }
});

test("a file whose beginning was freed is the same file after a restart", async () => {
  using directory = tempDir();
  const path = directory.write("spool", numbered(0, 10_000));
  const position = await readTo(path);
  execFileSync("fallocate", ["--punch-hole", "--offset", "0", "--length", "131072", path]);
  appendFileSync(path, "next\n");
  await using it = follow(path, { position });
  await it.follower.caughtUp();
  assert.deepEqual([it.lines, it.gaps], [["next"], []]);
});

test("freed beyond where it was read, it goes on behind that, and tells how much was lost", async () => {
  using directory = tempDir();
  const path = directory.write("spool", numbered(0, 10));
  const position = await readTo(path);
  appendFileSync(path, numbered(10, 20_000));
  execFileSync("fallocate", ["--punch-hole", "--offset", "0", "--length", "131072", path]);
  await using it = follow(path, { position });
  await it.follower.caughtUp();
  assert.deepEqual(it.gaps, [
    { reason: "freed", bytes: 131_072 - position.offset, from: { generation: 1, offset: position.offset } },
  ]);
  assert.ok(it.lines.length > 10_000);
  assert.equal(it.lines.at(-1), "line 19999 of a log");
});

test("what cannot be read is told once, and tried again", async () => {
  using directory = tempDir();
  const path = directory.at("app.log");
  mkdirSync(path);
  await using it = follow(path);
  await it.follower.caughtUp();
  await it.follower.caughtUp();
  assert.deepEqual(it.faults, [`${path} is not a regular file. Name a file that is written to.`]);
  rmdirSync(path);
  symlinkSync("/proc/self/mem", path); // Whoever reads the first of it gets an input/output error.
  await it.follower.caughtUp();
  rmSync(path);
  writeFileSync(path, "one\n");
  await until(() => it.lines.length === 1);
  await until(() => it.faults.at(-1) === "recovered");
  assert.equal(it.faults.filter((fault) => fault === "recovered").length, it.faults.length / 2);
});

test("a block that could not be taken comes again", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  let tries = 0;
  await using it = follow(
    path,
    {},
    {
      take: () => {
        if (++tries < 3) throw new Error("The disk is full.");
      },
    },
  );
  await until(() => tries === 3);
  assert.deepEqual(it.faults.slice(0, 1), ["The disk is full."]);
});

test("nothing is left when it ends", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  const open = (): string[] => readdirSync("/proc/self/fd").filter((fd) => existsSync(`/proc/self/fd/${fd}`));
  const it = follow(path);
  await it.follower.caughtUp();
  renameSync(path, directory.at("app.log.1"));
  writeFileSync(path, "two\n");
  await until(() => it.lines.length === 2);
  const during = open().length;
  await it[Symbol.asyncDispose]();
  await it[Symbol.asyncDispose]();
  assert.equal(open().length, during - 2);
  assert.equal(it.follower.position?.generation, 2);
  appendFileSync(path, "three\n");
  await it.follower.caughtUp();
  assert.equal(it.lines.length, 2);
});
