import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { maxSpoolBytes, SpoolLimit } from "./spool-limit.js";

const mebibyte = 1024 * 1024;

const onDisk = (path: string): number => statSync(path).blocks * 512;

test("a spool beyond its limit gives its oldest part back, and the writer never notices", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  const lost: string[] = [];
  const small = dir.write("web.main.stderr", "small\n");
  const path = dir.at("web.main.stdout");
  const writer = openSync(path, "a");
  const block = Buffer.alloc(mebibyte, "x\n");
  for (let written = 0; written <= maxSpoolBytes; written += mebibyte) writeSync(writer, block);
  const { size } = statSync(path);
  await using limit = new SpoolLimit(dir.path, { clock, lost: (file, reason) => lost.push(`${file}: ${reason}`) });
  assert.ok(limit);
  await until(() => clock.pass(5000).then(() => onDisk(path) < maxSpoolBytes), "the disk has its space back");
  writeSync(writer, "after\n");
  closeSync(writer);
  assert.equal(statSync(path).size, size + 6);
  assert.ok(onDisk(path) > 40 * mebibyte, "most of it is still there");
  const reader = openSync(path, "r");
  const tail = Buffer.alloc(10);
  readSync(reader, tail, 0, 10, size - 4);
  closeSync(reader);
  assert.equal(tail.toString(), "x\nx\nafter\n");
  assert.equal(readFileSync(small, "utf8"), "small\n");
  assert.deepEqual(lost, []);
});

test("no output at all is no trouble", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  await using limit = new SpoolLimit(dir.at("none"), { clock, lost: (file, reason) => assert.fail(file + reason) });
  assert.ok(limit);
  await clock.pass(20_000);
});

test("when the limit stops, its timer is gone", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  const limit = new SpoolLimit(dir.path, { clock, lost: () => {} });
  assert.equal(clock.waiting, 1);
  await limit[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
});
