import assert from "node:assert/strict";
import { appendFileSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { systemClock, type Clock } from "../../core/clock.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { readSpool } from "./spool-reader.js";

/** The last lines of a file. */
async function lastLines(path: string, last: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const { text } of readSpool(path, { last, follow: false }, systemClock, new AbortController().signal))
    lines.push(text);
  return lines;
}

/** Follows a file; the lines that came so far, and how to end it. */
function follow(path: string, last = 0, clock: Clock = systemClock) {
  const stop = new AbortController();
  const lines: string[] = [];
  const done = (async () => {
    for await (const { text } of readSpool(path, { last, follow: true }, clock, stop.signal)) lines.push(text);
  })();
  return {
    lines,
    has: (count: number) => until(() => lines.length >= count, `${count} lines of ${JSON.stringify(lines)}`),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

test("the last lines come in order, whether or not the file ends in a newline", async () => {
  using dir = tempDir();
  const file = dir.write("out", "one\ntwo\nthree\n");
  assert.deepEqual(await lastLines(file, 2), ["two", "three"]);
  appendFileSync(file, "half");
  assert.deepEqual(await lastLines(file, 2), ["three", "half"]);
  assert.deepEqual(await lastLines(file, 100), ["one", "two", "three", "half"]);
  assert.deepEqual(await lastLines(file, 0), []);
});

test("the last lines are found in a file much larger than what is read at once", async () => {
  using dir = tempDir();
  const lines = Array.from({ length: 30_000 }, (_, at) => `line ${at} ${"x".repeat(at % 40)}`);
  const file = dir.write("out", `${lines.join("\n")}\n`);
  for (const last of [1, 2, 2500, 30_000, 30_001]) assert.deepEqual(await lastLines(file, last), lines.slice(-last));
});

test("empty lines count as lines", async () => {
  using dir = tempDir();
  assert.deepEqual(await lastLines(dir.write("out", "a\n\n\n"), 2), ["", ""]);
});

test("an empty file, and one that is not there, have no lines", async () => {
  using dir = tempDir();
  assert.deepEqual(await lastLines(dir.write("out", ""), 10), []);
  assert.deepEqual(await lastLines(dir.at("none"), 10), []);
});

test("a line beyond the limit comes clipped", async () => {
  using dir = tempDir();
  const file = dir.write("out", `${"x".repeat(1024 * 1024)}\nnext\n`);
  const [long, next] = await lastLines(file, 2);
  assert.equal(long?.length, 256 * 1024);
  assert.equal(next, "next");
});

test("whoever follows gets what is written, line by line", async () => {
  using dir = tempDir();
  const file = dir.write("out", "old\nlast\n");
  await using reader = follow(file, 1);
  await reader.has(1);
  appendFileSync(file, "new\nha");
  await reader.has(2);
  appendFileSync(file, "lf\n");
  await reader.has(3);
  assert.deepEqual(reader.lines, ["last", "new", "half"]);
});

test("whoever follows a file that is not there yet gets it from its first line", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  await using reader = follow(dir.at("out"), 0, clock);
  await until(() => clock.waiting > 0, "it has looked in vain");
  dir.write("out", "first\n");
  await clock.pass(1000);
  await reader.has(1);
  assert.deepEqual(reader.lines, ["first"]);
});

test("whoever follows a file that is emptied goes on with what comes then", async () => {
  using dir = tempDir();
  const file = dir.write("out", "a\nlong\nbeginning\n");
  await using reader = follow(file, 1);
  await reader.has(1);
  truncateSync(file, 0);
  appendFileSync(file, "new\n");
  await reader.has(2);
  assert.deepEqual(reader.lines, ["beginning", "new"]);
});

test("whoever stops following waits for nothing", async () => {
  using dir = tempDir();
  const file = dir.write("out", "a\n");
  const reader = follow(file, 1);
  await reader.has(1);
  const startedMs = performance.now();
  await reader[Symbol.asyncDispose]();
  assert.ok(performance.now() - startedMs < 500);
});
