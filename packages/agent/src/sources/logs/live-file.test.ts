import assert from "node:assert/strict";
import { appendFileSync, renameSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { systemClock, type Clock } from "../../core/clock.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { LiveFile } from "./live-file.js";

/** Follows a file from its end; the lines that came so far, and how to end it. */
async function follow(path: string, clock: Clock = systemClock) {
  const stop = new AbortController();
  const lines: string[] = [];
  const live = await LiveFile.open(path, clock, stop.signal);
  const size = live.opened?.stats.size ?? 0;
  const done = (async () => {
    for await (const some of live.upTo(size, size)) assert.fail(JSON.stringify(some));
    for await (const some of live.follow()) lines.push(...some.map(({ text }) => text));
  })();
  return {
    lines,
    has: (count: number) => until(() => lines.length >= count, `${count} lines of ${JSON.stringify(lines)}`),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
      await live[Symbol.asyncDispose]();
    },
  };
}

test("whoever follows gets what is written, line by line", async () => {
  using dir = tempDir();
  const file = dir.write("out", "old\nlast\n");
  await using reader = await follow(file);
  appendFileSync(file, "new\nha");
  await reader.has(1);
  appendFileSync(file, "lf\n");
  await reader.has(2);
  assert.deepEqual(reader.lines, ["new", "half"]);
});

test("whoever follows a file that is not there yet gets it from its first line", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  await using reader = await follow(dir.at("out"), clock);
  await until(() => clock.waiting > 0, "it has looked in vain");
  dir.write("out", "first\n");
  await clock.pass(1000);
  await reader.has(1);
  assert.deepEqual(reader.lines, ["first"]);
});

test("whoever follows a file that is emptied goes on with what comes then", async () => {
  using dir = tempDir();
  const file = dir.write("out", "a\nlong\nbeginning\n");
  await using reader = await follow(file);
  truncateSync(file, 0);
  appendFileSync(file, "new\n");
  await reader.has(1);
  assert.deepEqual(reader.lines, ["new"]);
});

test("whoever follows a file that is rotated gets its rest, and then the new one", async () => {
  using dir = tempDir();
  const file = dir.write("out", "old\n");
  await using reader = await follow(file);
  appendFileSync(file, "one\n");
  await reader.has(1);
  renameSync(file, dir.at("out.1"));
  appendFileSync(dir.at("out.1"), "two\nthree");
  dir.write("out", "four\n");
  await reader.has(4);
  appendFileSync(file, "five\n");
  await reader.has(5);
  assert.deepEqual(reader.lines, ["one", "two", "three", "four", "five"]);
});

test("whoever stops following waits for nothing", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  const reader = await follow(dir.write("out", "a\n"), clock);
  await until(() => clock.waiting > 0, "it waits");
  await reader[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
});
