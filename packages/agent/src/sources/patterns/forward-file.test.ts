import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, type Clock } from "../../core/clock.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { ForwardFile, type ForwardMark } from "./forward-file.js";

/** A file that lines are forwarded to, in a directory that is gone afterwards. */
function place(maxBytes = 1000, keep = 2, clock: Clock = systemClock) {
  const dir = tempDir();
  const file = join(dir.path, "out.log");
  const failures: string[] = [];
  return {
    file,
    failures,
    open: (mark?: ForwardMark) =>
      ForwardFile.open({ file, max_size: maxBytes, keep }, mark, {
        clock,
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

/** While it lasts, this process can open no file more. */
async function withoutFiles(happens: () => Promise<void>): Promise<void> {
  const script = 'prlimit --pid "$1" --nofile=1: && echo done; read _; prlimit --pid "$1" --nofile="$(ulimit -Hn):"';
  const child = spawn("sh", ["-c", script, "sh", String(process.pid)], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  try {
    await happens();
  } finally {
    child.stdin.end("\n");
    await ended;
  }
}

test("while no new file can be opened the older ones stay what they are", async () => {
  const clock = new FakeClock();
  using its = place(16, 3, clock);
  await using out = await its.open();
  for (const number of [1, 2, 3, 4, 5, 6]) {
    out.write(lines(number));
    await out.flush();
  }
  await withoutFiles(async () => {
    out.write(lines(7));
    await until(() => its.failures.length > 0, "it fails");
    for (let times = 1; times < 5; times++) await until(() => clock.pass(1000).then(() => clock.slept.length > times));
    assert.match(its.failures[0] ?? "", /EMFILE/);
  });
  await until(async () => {
    await clock.pass(1000);
    return !out.isBehind;
  }, "all is written");
  assert.deepEqual(
    [its.read(), its.read(".1"), its.read(".2"), its.read(".3"), its.read(".new")],
    ["line 7\n", "line 5\nline 6\n", "line 3\nline 4\n", "line 1\nline 2\n", undefined],
  );
  assert.deepEqual(its.failures.slice(1), ["recovered, lost 0"]);
});

test("a file that somebody has moved, removed or emptied is begun anew", async () => {
  using its = place();
  await using out = await its.open();
  const write = async (number: number): Promise<void> => {
    out.write(lines(number));
    await out.flush();
  };
  await write(1);
  renameSync(its.file, `${its.file}.moved`);
  await write(2);
  assert.deepEqual([its.read(".moved"), its.read()], ["line 1\n", "line 2\n"]);
  rmSync(its.file);
  await write(3);
  assert.equal(its.read(), "line 3\n");
  truncateSync(its.file);
  await write(4);
  assert.equal(its.read(), "line 4\n");
  assert.deepEqual(out.mark, { inode: statSync(its.file).ino, bytes: 7 });
});
