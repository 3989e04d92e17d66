import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../core/clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { ForwardFile, type ForwardMark } from "./forward-file.js";

/** A file that lines are forwarded to, in a directory that is gone afterwards. */
function place(maxBytes = 1000, keep = 2) {
  const dir = tempDir();
  const file = join(dir.path, "out.log");
  const failures: string[] = [];
  return {
    file,
    failures,
    open: (mark?: ForwardMark) =>
      ForwardFile.open({ file, max_size: maxBytes, keep }, mark, {
        clock: systemClock,
        failed: (reason) => failures.push(reason),
        recovered: (lines) => failures.push(`recovered, lost ${lines}`),
      }),
    read: (ending = "") => (existsSync(`${file}${ending}`) ? readFileSync(`${file}${ending}`, "utf8") : undefined),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

const lines = (...numbers: number[]): Buffer => Buffer.from(numbers.map((number) => `line ${number}\n`).join(""));

test("lines are appended, also to what was there", async () => {
  using its = place();
  appendFileSync(its.file, "before\n");
  await using out = await its.open();
  out.write(lines(1, 2));
  assert.equal(await out.flush(), true);
  assert.equal(its.read(), "before\nline 1\nline 2\n");
  assert.equal(out.mark.bytes, statSync(its.file).size);
});

test("what is handed on may be used again at once", async () => {
  using its = place();
  await using out = await its.open();
  const buffer = lines(1);
  out.write(buffer);
  buffer.fill(0x78);
  await out.flush();
  assert.equal(its.read(), "line 1\n");
});

test("a file that would become too large is renamed, and the oldest is removed", async () => {
  using its = place(16, 2);
  await using out = await its.open();
  for (const number of [1, 2, 3, 4, 5, 6, 7]) {
    out.write(lines(number));
    await out.flush();
  }
  assert.deepEqual(
    [its.read(), its.read(".1"), its.read(".2"), its.read(".3")],
    ["line 7\n", "line 5\nline 6\n", "line 3\nline 4\n", undefined],
  );
});

test("none is kept where none is wanted", async () => {
  using its = place(16, 0);
  await using out = await its.open();
  for (const number of [1, 2, 3]) {
    out.write(lines(number));
    await out.flush();
  }
  assert.deepEqual([its.read(), its.read(".1")], ["line 3\n", undefined]);
});

test("what was written behind the mark is cut off, for it comes again", async () => {
  using its = place();
  const out = await its.open();
  out.write(lines(1));
  await out.flush();
  const { mark } = out;
  out.write(lines(2, 3));
  await out[Symbol.asyncDispose]();
  await using next = await its.open(mark);
  next.write(lines(2));
  await next.flush();
  assert.equal(its.read(), "line 1\nline 2\n");
});

test("so it is when the file was renamed since", async () => {
  using its = place(16, 3);
  const out = await its.open();
  for (const number of [1, 2, 3]) {
    out.write(lines(number));
    await out.flush();
  }
  const { mark } = out;
  for (const number of [4, 5, 6, 7]) {
    out.write(lines(number));
    await out.flush();
  }
  await out[Symbol.asyncDispose]();
  assert.equal(its.read(".2"), "line 3\nline 4\n");
  await using next = await its.open(mark);
  assert.deepEqual(
    [its.read(), its.read(".1"), its.read(".2"), its.read(".3")],
    ["line 3\n", "line 1\nline 2\n", undefined, undefined],
  );
  next.write(lines(4));
  await next.flush();
  assert.equal(its.read(), "line 3\nline 4\n");
});

test("a mark of a file that is there no more changes nothing", async () => {
  using its = place();
  appendFileSync(its.file, "other\n");
  await using out = await its.open({ inode: 1, bytes: 3 });
  await out.flush();
  assert.equal(its.read(), "other\n");
});

test("a disk that is full is told once, and what it could not take is counted", async () => {
  const failures: string[] = [];
  await using out = await ForwardFile.open({ file: "/dev/full", max_size: 2 ** 40, keep: 0 }, undefined, {
    clock: systemClock,
    failed: (reason) => failures.push(reason),
    recovered: () => assert.fail("it never recovers"),
  });
  out.write(lines(1));
  assert.equal(await out.flush(), false, "it does not wait for what cannot be");
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? "", /ENOSPC/);
  await out.room();
});
