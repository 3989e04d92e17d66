import assert from "node:assert/strict";
import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { test } from "node:test";
import { follow, kept } from "../../testing/followed.js";
import { tempDir } from "../../testing/temp-dir.js";

test("a line comes once it has its end, however it was written", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "on");
  await using it = follow(path);
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, []);
  appendFileSync(path, "e\ntwo\nthr");
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["one", "two"]);
  appendFileSync(path, "ee\n");
  await it.follower.caughtUp();
  assert.deepEqual(it.places, ["1:0", "1:4", "1:8"]);
});

test("letters that were cut by a write are whole; what is no text, and NUL, are bytes like others", async () => {
  using directory = tempDir();
  const path = directory.at("app.log");
  const bytes = Buffer.from("grüße 🦉\r\n\0null\nÿ\n");
  const file = openSync(path, "a");
  await using it = follow(path);
  for (const byte of bytes) {
    writeSync(file, Buffer.of(byte));
    await it.follower.caughtUp();
  }
  writeSync(file, Buffer.from([0x80, 0xff, 0x0a]));
  closeSync(file);
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["grüße 🦉\r", "\0null", "ÿ", "\ufffd\ufffd"]);
});

test("a line longer than the limit comes once, clipped; the next one is whole", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", `${"x".repeat(5000)}\nnext\n${"y".repeat(100)}\n${"z".repeat(101)}\nlast\n`);
  await using it = follow(path, { maxLineBytes: 100 });
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["x".repeat(100), "next", "y".repeat(100), "z".repeat(100), "last"]);
  assert.deepEqual(it.clipped, [true, false, false, true, false]);
});

test("the rest of a clipped line is skipped after a restart, too", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "x".repeat(500_000));
  const first = follow(path);
  await first.follower.caughtUp();
  await first[Symbol.asyncDispose]();
  assert.deepEqual(first.clipped, [true]);
  appendFileSync(path, "xxx\nnext\n");
  await using it = follow(path, { position: kept(first) });
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["next"]);
});

test("a line of 200 KiB that is written in pieces is read about twice, not once for each piece", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "");
  await using it = follow(path);
  const before = readBytes();
  for (let n = 0; n < 400; n++) {
    appendFileSync(path, "x".repeat(512));
    await it.follower.caughtUp();
  }
  appendFileSync(path, "\n");
  await it.follower.caughtUp();
  assert.deepEqual([it.lines.length, it.lines[0]?.length], [1, 204_800]);
  assert.ok(readBytes() - before < 4_000_000, `${readBytes() - before} bytes`);
});

test("a line of 1 GB costs no more memory than another", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "");
  const file = openSync(path, "a");
  const piece = Buffer.alloc(1024 * 1024, "x");
  for (let n = 0; n < 1000; n++) writeSync(file, piece);
  writeSync(file, "\nnext\n");
  closeSync(file);
  const before = process.memoryUsage().rss;
  await using it = follow(path);
  await it.follower.caughtUp();
  assert.deepEqual(
    it.lines.map((line) => line.length),
    [256 * 1024, 4],
  );
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 60_000_000, `${grown} bytes`);
});

test("what was freed at the beginning is skipped, and told with its size", async () => {
  using directory = tempDir();
  const path = directory.at("spool");
  truncateSync(directory.write("spool", ""), 4_000_000_000); // As far as a spool may have come.
  appendFileSync(path, "half a line\nwhole\n");
  await using it = follow(path);
  await it.follower.caughtUp();
  assert.deepEqual(it.lines, ["whole"]);
  assert.deepEqual(it.gaps, [{ reason: "freed", bytes: 4_000_000_000, from: { generation: 1, offset: 0 } }]);
});

/** Bytes that this process has read from anywhere. */
function readBytes(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
