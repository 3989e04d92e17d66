import assert from "node:assert/strict";
import { chmodSync, closeSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { test } from "node:test";
import type { Sample } from "@ostler/protocol";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { OutputKeeper } from "./output-keeper.js";
import { OutputTimes } from "./output-times.js";

const mebibyte = 1024 * 1024;
const maxSpoolBytes = 64 * mebibyte;
const limits = () => ({ maxBytes: maxSpoolBytes, maxTotalBytes: 10 * maxSpoolBytes });
const sample = (): void => undefined;
const forwarded = () => [];

const onDisk = (path: string): number => statSync(path).blocks * 512;

test("a spool beyond its limit gives its oldest part back, and the writer never notices", async () => {
  using dir = tempDir();
  using other = tempDir();
  const clock = new FakeClock();
  const lost: string[] = [];
  const samples: Sample[] = [];
  const small = dir.write("web.main.stderr", "small\n");
  const path = dir.at("web.main.stdout");
  const writer = openSync(path, "a");
  const block = Buffer.alloc(mebibyte, "x\n");
  for (let written = 0; written <= maxSpoolBytes; written += mebibyte) writeSync(writer, block);
  const { size } = statSync(path);
  const times = new OutputTimes(other.path);
  await using keeper = new OutputKeeper(dir.path, {
    clock,
    times,
    limits,
    forwarded,
    sample: (one) => samples.push(one),
    lost: (file, reason) => lost.push(`${file}: ${reason}`),
  });
  assert.ok(keeper);
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
  await until(() => samples.length > 0, "it is told");
  const [freed] = samples.filter((one) => one.type === "output.freed");
  assert.deepEqual([freed?.service, freed?.process, freed?.stream], ["web", "main", "stdout"]);
  assert.ok((freed?.bytes ?? 0) > 15 * mebibyte, `${freed?.bytes} bytes were told`);
  await until(
    () =>
      clock
        .pass(5000)
        .then(() => times.of("web.main.stderr"))
        .then(({ length }) => length > 0),
    "the times are noted",
  );
  const [point] = await times.of("web.main.stderr");
  assert.deepEqual(point, { offset: 6, ms: Math.round(statSync(small).mtimeMs) });
  assert.ok((await times.of("web.main.stdout")).every(({ offset }) => offset > size - 48 * mebibyte));
});

test("when all spools together are too large, the largest gives back, as soon as the limit is set", async () => {
  using dir = tempDir();
  using other = tempDir();
  const clock = new FakeClock();
  const large = dir.write("web.main.stdout", "x\n".repeat(mebibyte));
  const small = dir.write("db.main.stdout", "x\n".repeat(mebibyte / 4));
  let maxTotalBytes = 10 * mebibyte;
  const limits = () => ({ maxBytes: maxSpoolBytes, maxTotalBytes });
  const lost = (file: string, reason: string): void => assert.fail(file + reason);
  await using keeper = new OutputKeeper(dir.path, {
    clock,
    times: new OutputTimes(other.path),
    limits,
    forwarded,
    sample,
    lost,
  });
  assert.ok(keeper);
  await clock.pass(5000);
  await until(() => clock.waiting > 0, "it has looked");
  assert.equal(onDisk(large), 2 * mebibyte);
  maxTotalBytes = 2 * mebibyte;
  await until(() => clock.pass(5000).then(() => onDisk(large) < 1.1 * mebibyte), "the limit holds");
  assert.equal(onDisk(small), mebibyte / 2);
});

test("of a spool that grows faster than it is freed only the beginning goes", async () => {
  using dir = tempDir();
  using other = tempDir();
  const clock = new FakeClock();
  const path = dir.write("web.main.stdout", "x\n".repeat(mebibyte));
  const faster = `for path; do :; done\nhead -c ${4 * mebibyte} /dev/zero >> "$path"`;
  chmodSync(other.write("fallocate", `#!/bin/sh\n${faster}\nPATH="\${PATH#*:}" exec fallocate "$@"\n`), 0o755);
  const { PATH } = process.env;
  process.env.PATH = `${other.path}:${PATH}`;
  try {
    const lost: string[] = [];
    const samples: Sample[] = [];
    const deps = { clock, times: new OutputTimes(other.at("times")), lost: (file: string) => lost.push(file) };
    await using keeper = new OutputKeeper(dir.path, {
      ...deps,
      limits: () => ({ maxBytes: mebibyte, maxTotalBytes: 10 * mebibyte }),
      forwarded,
      sample: (one) => samples.push(one),
    });
    assert.ok(keeper);
    await until(() => clock.pass(5000).then(() => samples.length > 0), "some of it is freed");
    assert.deepEqual(lost, []);
    assert.ok(statSync(path).size >= 6 * mebibyte, "it is not emptied");
    const [freed] = samples.filter((one) => one.type === "output.freed");
    assert.ok(Math.abs((freed?.bytes ?? 0) - 1.25 * mebibyte) < mebibyte / 4, `${freed?.bytes} bytes were told`);
  } finally {
    process.env.PATH = PATH;
  }
});

test("what is forwarded to files counts as output of all, with what they were renamed to, and leaves the spools a part", async () => {
  using dir = tempDir();
  using other = tempDir();
  const clock = new FakeClock();
  const path = dir.write("web.main.stdout", "x\n".repeat(mebibyte));
  const file = other.write("forwarded", "x\n".repeat(mebibyte / 2));
  other.write("forwarded.1", "x\n".repeat(mebibyte / 2));
  other.write("forwarded.2", "x\n".repeat(mebibyte));
  let keep = 0;
  const lost = (name: string, reason: string): void => assert.fail(name + reason);
  await using keeper = new OutputKeeper(dir.path, {
    ...{ clock, times: new OutputTimes(other.at("times")), sample, lost },
    limits: () => ({ maxBytes: maxSpoolBytes, maxTotalBytes: 3 * mebibyte }),
    forwarded: () => [{ file, keep }],
  });
  assert.ok(keeper);
  await clock.pass(5000);
  await until(() => clock.waiting > 0, "it has looked");
  assert.equal(onDisk(path), 2 * mebibyte);
  keep = 1;
  await until(() => clock.pass(5000).then(() => onDisk(path) < 2 * mebibyte), "the limit holds");
  assert.equal(onDisk(path), 0.75 * mebibyte);
  keep = 2;
  for (let look = 1; look <= 2; look++) {
    await clock.pass(5000);
    await until(() => clock.waiting > 0, "it has looked");
  }
  assert.equal(onDisk(path), 0.75 * mebibyte);
});

test("no output at all is no trouble", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  const lost = (file: string, reason: string): void => assert.fail(file + reason);
  await using keeper = new OutputKeeper(dir.at("none"), {
    clock,
    times: new OutputTimes(dir.at("times")),
    limits,
    forwarded,
    sample,
    lost,
  });
  assert.ok(keeper);
  await clock.pass(20_000);
});

test("times that cannot be noted are told once, and hold up nothing else", async () => {
  using dir = tempDir();
  using other = tempDir();
  const clock = new FakeClock();
  const lost: string[] = [];
  dir.write("web.main.stdout", "one\n");
  const times = new OutputTimes(other.write("file", ""));
  const deps = { clock, times, limits, forwarded, sample, lost: (file: string) => lost.push(file) };
  await using keeper = new OutputKeeper(dir.path, deps);
  assert.ok(keeper);
  for (let look = 1; look <= 3; look++) {
    await until(() => clock.waiting > 0, "it waits for the next look");
    await clock.pass(5000);
  }
  await until(() => clock.waiting > 0 && lost.length > 0, "it was told");
  assert.deepEqual(lost, ["times of web.main.stdout"]);
});

test("when the keeper stops, its timer is gone", async () => {
  using dir = tempDir();
  const clock = new FakeClock();
  const keeper = new OutputKeeper(dir.path, {
    clock,
    times: new OutputTimes(dir.at("times")),
    limits,
    forwarded,
    sample,
    lost: () => {},
  });
  assert.equal(clock.waiting, 1);
  await keeper[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
});
