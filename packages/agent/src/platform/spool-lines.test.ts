import assert from "node:assert/strict";
import { appendFileSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { SpoolLines, startOfLastLine } from "./spool-lines.js";

const never = new AbortController().signal;

async function linesOf(spool: SpoolLines, last = false): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of spool.more(last, never)) lines.push(...some);
  return lines;
}

test("each look has the whole lines that came since the one before", async () => {
  using dir = tempDir();
  const path = dir.write("out", "one\ntw");
  const spool = new SpoolLines(path, 0);
  assert.deepEqual(await linesOf(spool), ["one"]);
  assert.deepEqual(await linesOf(spool), []);
  appendFileSync(path, "o\nthree\n");
  assert.deepEqual(await linesOf(spool), ["two", "three"]);
});

test("a character that comes in two parts is one character", async () => {
  using dir = tempDir();
  const path = dir.write("out", "");
  const spool = new SpoolLines(path, 0);
  for (const byte of Buffer.from("bereit \u{1f989} \u00fc\n")) {
    assert.deepEqual(await linesOf(spool), []);
    appendFileSync(path, Buffer.of(byte));
  }
  assert.deepEqual(await linesOf(spool), ["bereit \u{1f989} \u00fc"]);
});

test("what was there before is not read, and what has no end only at last", async () => {
  using dir = tempDir();
  const spool = new SpoolLines(dir.write("out", "before\nprompt> "), 7);
  assert.deepEqual(await linesOf(spool), []);
  assert.deepEqual(await linesOf(spool, true), ["prompt> "]);
});

test("of a line without end its beginning is looked at, as soon as it is too long, and the next one as ever", async () => {
  using dir = tempDir();
  const path = dir.write("out", `up${"x".repeat(300_000)}`);
  const spool = new SpoolLines(path, 0);
  assert.deepEqual(
    (await linesOf(spool)).map((line) => line.slice(0, 4)),
    ["upxx"],
  );
  appendFileSync(path, `${"x".repeat(300_000)}\nnext\n`);
  assert.deepEqual(await linesOf(spool), ["next"]);
});

test("a spool that was emptied is read from its beginning", async () => {
  using dir = tempDir();
  const path = dir.write("out", "a first line\nhalf of");
  const spool = new SpoolLines(path, 0);
  await linesOf(spool);
  truncateSync(path, 0);
  appendFileSync(path, "next\n");
  assert.deepEqual(await linesOf(spool), ["next"]);
});

test("a look ends although somebody goes on writing", async () => {
  using dir = tempDir();
  const path = dir.write("out", "line\n");
  const spool = new SpoolLines(path, 0);
  let chunks = 0;
  for await (const lines of spool.more(false, never)) {
    chunks += lines.length;
    appendFileSync(path, "line\n".repeat(100_000));
  }
  assert.equal(chunks, 1);
});

test("a spool that is not there yet has no lines", async () => {
  using dir = tempDir();
  const spool = new SpoolLines(dir.at("out"), 0);
  assert.deepEqual(await linesOf(spool), []);
  dir.write("out", "late\n");
  assert.deepEqual(await linesOf(spool), ["late"]);
});

test("the line that has no end yet is found, unless it is too long to be looked at", () => {
  using dir = tempDir();
  const places: [content: string, start: number][] = [
    ["", 0],
    ["one", 0],
    ["one\n", 4],
    ["one\ntwo", 4],
    ["x".repeat(100_000), 100_000],
    [`${"x".repeat(100_000)}\ntwo`, 100_001],
  ];
  for (const [content, start] of places) assert.equal(startOfLastLine(dir.write("out", content)), start);
});
