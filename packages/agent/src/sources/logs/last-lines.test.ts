import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { startOfData, startOfLast } from "./last-lines.js";

const never = new AbortController().signal;

async function lastOf(path: string, count: number, from = 0): Promise<{ text: string; lines: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { offset, lines } = await startOfLast(file, { from, to: size, count }, never);
    return { text: (await file.readFile()).subarray(offset).toString(), lines };
  } finally {
    await file.close();
  }
}

test("the last lines are found, whether or not the file ends in a newline, and empty ones count", async () => {
  using dir = tempDir();
  const path = dir.write("out", "one\ntwo\nthree\n");
  assert.deepEqual(await lastOf(path, 2), { text: "two\nthree\n", lines: 2 });
  assert.deepEqual(await lastOf(path, 3), { text: "one\ntwo\nthree\n", lines: 3 });
  assert.deepEqual(await lastOf(path, 9), { text: "one\ntwo\nthree\n", lines: 3 });
  assert.deepEqual(await lastOf(path, 9, 4), { text: "two\nthree\n", lines: 2 });
  assert.deepEqual(await lastOf(path, 0), { text: "", lines: 0 });
  assert.deepEqual(await lastOf(dir.write("half", "a\n\n\nhalf"), 3), { text: "\n\nhalf", lines: 3 });
  assert.deepEqual(await lastOf(dir.write("empty", ""), 3), { text: "", lines: 0 });
});

test("the last lines are found in a file much larger than what is read at once", async () => {
  using dir = tempDir();
  const lines = Array.from({ length: 30_000 }, (_, at) => `line ${at} ${"x".repeat(at % 40)}\n`);
  const path = dir.write("out", lines.join(""));
  for (const last of [1, 2, 2500, 29_999, 30_000, 30_001])
    assert.deepEqual(await lastOf(path, last), { text: lines.slice(-last).join(""), lines: Math.min(last, 30_000) });
});

test("what was given back to the disk is stepped over, with what is left of a line", async () => {
  using dir = tempDir();
  const lines = Array.from({ length: 3000 }, (_, at) => `line ${at} ${"x".repeat(at % 40)}\n`);
  const text = lines.join("");
  for (const freed of [1, 4096, 10_000, 12_288, text.length]) {
    const path = dir.write(`out-${freed}`, text);
    execFileSync("fallocate", ["--punch-hole", "--offset", "0", "--length", String(freed), path]);
    const file = await open(path);
    const start = await startOfData(file, text.length);
    await file.close();
    const behind = freed < 4096 ? 0 : start;
    assert.ok(start === behind && (start === 0 || start === text.length || text[start - 1] === "\n"), `${start}`);
    assert.ok(start <= Math.max(0, freed + 60), `${freed} were freed, ${start} are stepped over`);
  }
});
