import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TempDisk } from "../../testing/temp-disk.js";
import type { Disk } from "../disk.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { FaultyDisk } from "../../testing/faulty-disk.js";
import { memoryDisk } from "../memory-disk.js";
import { Cursors } from "./cursors.js";

type Bench = { cursors: Cursors; clock: FakeClock; told: string[] };

async function open(disk: Disk): Promise<Bench> {
  const clock = new FakeClock();
  const told: string[] = [];
  const cursors = await Cursors.open({ disk, clock, degraded: (reason) => void told.push(reason) });
  return { cursors, clock, told };
}

/** What a reader's cursor is when the agent has come back. */
async function reopened(disk: Disk, reader: string, epoch = "e1"): Promise<number> {
  return (await open(disk)).cursors.get(reader, epoch);
}

/** Everything that can happen without time has happened. */
const settled = (): Promise<void> => new Promise(setImmediate);
const saves = (disk: FaultyDisk): number => disk.calls.filter((call) => call.startsWith("replace")).length;

test("a reader that never acknowledged is at 0", async () => {
  const { cursors } = await open(memoryDisk());
  assert.equal(cursors.get("ops", "e1"), 0);
});

test("a cursor is what was acknowledged last, at once and when the agent comes back", async () => {
  using temp = new TempDisk();
  const { cursors } = await open(temp.disk);
  cursors.set("ops", { epoch: "e1", seq: 41 });
  cursors.set("ops", { epoch: "e1", seq: 42 });
  cursors.set("dev", { epoch: "e1", seq: 7 });
  assert.deepEqual([cursors.get("ops", "e1"), cursors.get("dev", "e1")], [42, 7]);
  await cursors[Symbol.asyncDispose]();
  assert.deepEqual([await reopened(temp.disk, "ops"), await reopened(temp.disk, "dev")], [42, 7]);
});

test("what was acknowledged in another epoch says nothing about this one", async () => {
  const { cursors } = await open(memoryDisk());
  cursors.set("ops", { epoch: "e1", seq: 42 });
  assert.equal(cursors.get("ops", "e2"), 0);
});

test("acknowledgements within a quarter of a second are saved together, each reader's once", async () => {
  const disk = new FaultyDisk(memoryDisk());
  const { cursors, clock } = await open(disk);
  for (let seq = 1; seq <= 100; seq++) {
    cursors.set("ops", { epoch: "e1", seq });
    cursors.set("dev", { epoch: "e1", seq });
  }
  clock.advance(249);
  await settled();
  assert.equal(saves(disk), 0);
  clock.advance(1);
  await settled();
  assert.equal(saves(disk), 2);
  assert.deepEqual([await reopened(disk, "ops"), await reopened(disk, "dev")], [100, 100]);
  assert.equal(clock.nextMs, Infinity);
});

test("what is acknowledged while others are saved is saved after them", async () => {
  const disk = new FaultyDisk(memoryDisk());
  const { cursors, clock } = await open(disk);
  cursors.set("ops", { epoch: "e1", seq: 1 });
  const saving = disk.hold("replace");
  clock.advance(250);
  await saving.reached;
  cursors.set("ops", { epoch: "e1", seq: 2 });
  clock.advance(250);
  await settled();
  saving.release();
  await cursors[Symbol.asyncDispose]();
  assert.equal(await reopened(disk, "ops"), 2);
});

test("a cursor is replaced whole, never written over", async () => {
  const disk = new FaultyDisk(memoryDisk());
  const { cursors } = await open(disk);
  cursors.set("ops", { epoch: "e1", seq: 1 });
  await cursors[Symbol.asyncDispose]();
  assert.deepEqual(
    disk.calls.map((call) => call.split(" ")[0]),
    ["list", "replace"],
  );
});

test("what a crash left of a file that was being written is no cursor", async () => {
  using temp = new TempDisk();
  const { cursors } = await open(temp.disk);
  cursors.set("ops", { epoch: "e1", seq: 1 });
  await cursors[Symbol.asyncDispose]();
  for (const { name } of await temp.disk.list())
    writeFileSync(join(temp.path, `${name}.new`), '{"reader":"ops","epoch":"e1","seq":99}');
  assert.equal(await reopened(temp.disk, "ops"), 1);
});

for (const text of [
  "",
  "{",
  "null",
  "7",
  "[]",
  "{}",
  '{"reader":"ops","epoch":"e1"}',
  '{"reader":"ops","epoch":1,"seq":1}',
  '{"reader":"ops","epoch":"e1","seq":"1"}',
  '{"epoch":"e1","seq":1}',
  "\0\0\0",
])
  test(`a cursor file with ${JSON.stringify(text)} in it is ignored, the others are not`, async () => {
    const disk = memoryDisk();
    const { cursors } = await open(disk);
    cursors.set("ops", { epoch: "e1", seq: 1 });
    await cursors[Symbol.asyncDispose]();
    for (const { name } of await disk.list()) await disk.replace(name, text);
    const next = await open(disk);
    assert.equal(next.cursors.get("ops", "e1"), 0);
    next.cursors.set("dev", { epoch: "e1", seq: 2 });
    await next.cursors[Symbol.asyncDispose]();
    assert.deepEqual([await reopened(disk, "ops"), await reopened(disk, "dev")], [0, 2]);
  });

test("files that are none of its own do not disturb", async () => {
  const disk = memoryDisk();
  for (const name of ["notes.txt", "%zz.cursor", ".cursor"]) await disk.replace(name, "hello");
  const { cursors } = await open(disk);
  cursors.set("ops", { epoch: "e1", seq: 1 });
  await cursors[Symbol.asyncDispose]();
  assert.equal(await reopened(disk, "ops"), 1);
});

for (const name of [
  "a/b",
  "..",
  "",
  "controller-ops/ünï→🦉",
  "🦉".repeat(64),
  "x".repeat(300),
  "%2F",
  "\ud800",
  "__proto__",
  "A",
  "a",
])
  test(`a reader may be called ${JSON.stringify(name.slice(0, 24))}`, async () => {
    using temp = new TempDisk();
    const { cursors, told } = await open(temp.disk);
    cursors.set("other", { epoch: "e1", seq: 1 });
    cursors.set(name, { epoch: "e1", seq: 42 });
    await cursors[Symbol.asyncDispose]();
    assert.deepEqual(told, []);
    assert.deepEqual([await reopened(temp.disk, name), await reopened(temp.disk, "other")], [42, 1]);
  });

test("a thousand readers are remembered; of more, those that were silent for longest are forgotten", async () => {
  const disk = memoryDisk();
  const { cursors } = await open(disk);
  for (let at = 0; at < 1000; at++) cursors.set(`reader-${at}`, { epoch: "e1", seq: at + 1 });
  cursors.set("reader-0", { epoch: "e1", seq: 5000 });
  for (let at = 1000; at < 1003; at++) cursors.set(`reader-${at}`, { epoch: "e1", seq: at + 1 });
  await cursors[Symbol.asyncDispose]();
  const next = (await open(disk)).cursors;
  assert.deepEqual(
    [0, 1, 2, 3, 4, 1002].map((at) => next.get(`reader-${at}`, "e1")),
    [5000, 0, 0, 0, 5, 1003],
  );
  assert.equal((await disk.list()).length, 1000);
});

test("a forgotten reader that comes back is remembered again", async () => {
  const disk = memoryDisk();
  const { cursors } = await open(disk);
  for (let at = 0; at < 1001; at++) cursors.set(`reader-${at}`, { epoch: "e1", seq: 1 });
  cursors.set("reader-0", { epoch: "e1", seq: 2 });
  await cursors[Symbol.asyncDispose]();
  assert.equal(await reopened(disk, "reader-0"), 2);
});

test("a disk that refuses is told of, hurts nobody, and the next acknowledgement is saved when it works again", async () => {
  const disk = new FaultyDisk(memoryDisk());
  const { cursors, clock, told } = await open(disk);
  disk.failing.add("replace");
  cursors.set("ops", { epoch: "e1", seq: 1 });
  clock.advance(250);
  await settled();
  assert.deepEqual(told, ["cannot save the cursor of ops: ENOSPC: no space left on device, replace"]);
  assert.equal(cursors.get("ops", "e1"), 1);
  disk.failing.clear();
  cursors.set("ops", { epoch: "e1", seq: 2 });
  await cursors[Symbol.asyncDispose]();
  assert.deepEqual([told.length, await reopened(disk, "ops")], [1, 2]);
});

test("closing leaves no timer behind, and closing twice is closing once", async () => {
  const disk = new FaultyDisk(memoryDisk());
  const { cursors, clock } = await open(disk);
  cursors.set("ops", { epoch: "e1", seq: 1 });
  cursors.set("ops", { epoch: "e1", seq: 2 });
  await cursors[Symbol.asyncDispose]();
  await cursors[Symbol.asyncDispose]();
  assert.deepEqual([clock.nextMs, saves(disk)], [Infinity, 1]);
});
