import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import fc from "fast-check";
import { TempDisk } from "../../testing/temp-disk.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { FaultyDisk } from "../../testing/faulty-disk.js";
import { memoryDisk } from "../memory-disk.js";
import { segmentName, segmentsOf } from "./segments.js";
import { inShort, Timeline } from "../../testing/timeline.js";

const kib = 1024;
const hour = 3_600_000;
const day = 24 * hour;
/** Four segments of 64 KiB. */
const small = { limits: { maxBytes: 256 * kib } };

const main = { service: "web", process: "main" };
/** A service's first days: all of it is in the state. */
const life: HostEvent[] = [
  {
    type: "service.configured",
    data: { service: "web", processes: ["main"], checks: [{ name: "up", role: "readiness" }] },
  },
  { type: "service.started", data: { ...main, run: 1, pid: 10, startTicks: 100 } },
  { type: "check.passed", data: { service: "web", check: "up", role: "readiness", tookMs: 1 } },
  { type: "service.ready", data: { service: "web" } },
];
const restarted = (run: number): HostEvent => ({
  type: "service.restarted",
  data: { ...main, run, pid: 10 + run, startTicks: 100 + run, attempt: 1, because: "exited with code 1" },
});

/** Everything that can happen without time has happened. */
const settled = (): Promise<void> => new Promise(setImmediate);

test("the first event is number 1, and is read as it was published", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk);
  assert.equal(timeline.bus.publish(restarted(1)), 1);
  assert.equal(await timeline.story(), "1");
});

test("an agent that comes back has the state it had, and goes on with the next number", async () => {
  using temp = new TempDisk();
  const before = await Timeline.open(temp.disk);
  before.publish(...life);
  await before[Symbol.asyncDispose]();
  await using after = await Timeline.open(temp.disk);
  assert.deepEqual(after.bus.state, before.bus.state);
  after.note(1);
  assert.equal(await after.story(), "1-5");
});

test("closing writes what was waiting", async () => {
  using temp = new TempDisk();
  const before = await Timeline.open(temp.disk);
  before.note(3);
  await before[Symbol.asyncDispose]();
  await before[Symbol.asyncDispose]();
  await using after = await Timeline.open(temp.disk);
  assert.equal(after.bus.state.seq, 3);
});

test("whatever was published and however often the agent came back, the state is the fold of it all", async () => {
  const lives = fc.array(
    fc.array(
      fc.oneof(
        fc.constantFrom(...life),
        fc.nat(40).map((size) => size * kib),
      ),
      { maxLength: 12 },
    ),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(lives, async (eachLife) => {
      const disk = memoryDisk();
      let state;
      for (const events of eachLife) {
        await using timeline = await Timeline.open(disk);
        assert.deepEqual(timeline.bus.state, state ?? timeline.bus.state);
        for (const event of events)
          if (typeof event === "number") timeline.note(1, event);
          else timeline.publish(event);
        state = timeline.bus.state;
      }
      await using last = await Timeline.open(disk);
      assert.deepEqual(last.bus.state, state ?? last.bus.state);
    }),
    { numRuns: 30 },
  );
});

/** A closed journal with three events; the files are the same for each damage. */
async function threeEvents(temp: TempDisk): Promise<{ path: string; bytes: Buffer; ends: number[] }> {
  await using timeline = await Timeline.open(temp.disk);
  timeline.publish(...life.slice(0, 3));
  await timeline.synced();
  const path = join(temp.path, segmentName(1));
  const bytes = readFileSync(path);
  // Where the lines end: the snapshot, and the three events.
  return { path, bytes, ends: [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1) };
}

test("wherever a crash tears the last write, the tail is cut, and nothing before it is lost", async () => {
  using temp = new TempDisk();
  const { path, bytes, ends } = await threeEvents(temp);
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    await using timeline = await Timeline.open(temp.disk);
    const whole = ends.filter((end) => end <= length).length;
    assert.equal(timeline.bus.state.seq, Math.max(0, whole - 1), `${length} bytes`);
    assert.deepEqual(timeline.lost, []);
  }
});

test("what is written after a torn tail was cut can be read", async () => {
  using temp = new TempDisk();
  const { path, bytes, ends } = await threeEvents(temp);
  for (const length of [1, 30, 60].map((more) => (ends[2] ?? 0) + more)) {
    writeFileSync(path, bytes.subarray(0, length));
    await using timeline = await Timeline.open(temp.disk);
    timeline.publish(restarted(2));
    assert.equal(await timeline.story(), "1-3");
    assert.equal(timeline.bus.state.services.web?.processes.main?.restarts, 1);
  }
});

test("wherever a record in the middle is damaged, a gap covers just it, and all others still come", async () => {
  using temp = new TempDisk();
  const { path, bytes, ends } = await threeEvents(temp);
  const [, start = 0, end = 0] = ends;
  for (let at = start; at < end; at += 3) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    writeFileSync(path, damaged);
    await using timeline = await Timeline.open(temp.disk);
    assert.deepEqual([timeline.lost, timeline.bus.state.seq], [[], 3], `byte ${at}`);
    assert.equal(await timeline.story(), "1 (2-2 corrupt) 3", `byte ${at}`);
  }
});

test("a damaged snapshot loses no event", async () => {
  using temp = new TempDisk();
  const { path, bytes, ends } = await threeEvents(temp);
  for (let at = 0; at < (ends[0] ?? 0); at += 7) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    writeFileSync(path, damaged);
    await using timeline = await Timeline.open(temp.disk);
    assert.equal(await timeline.story(), "1-3", `byte ${at}`);
    assert.equal(timeline.bus.state.services.web?.processes.main?.phase.name, "running");
    assert.equal(timeline.bus.state.epoch, "e1");
  }
});

test("wherever the last record is damaged, its number is never used again, and the loss is told", async () => {
  using temp = new TempDisk();
  const { path, bytes, ends } = await threeEvents(temp);
  for (let at = ends[2] ?? 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    writeFileSync(path, damaged);
    await using timeline = await Timeline.open(temp.disk);
    assert.deepEqual(timeline.lost, [{ from: 3, to: 3, reason: "corrupt" }], `byte ${at}`);
    timeline.publish(restarted(2));
    assert.equal(await timeline.story(), "1-2 (3-3 corrupt) 4", `byte ${at}`);
  }
});

test("a number that was lost stays lost when the agent comes back again", async () => {
  using temp = new TempDisk();
  const { path, bytes } = await threeEvents(temp);
  const damaged = Buffer.from(bytes);
  damaged[damaged.length - 2] = 0;
  writeFileSync(path, damaged);
  for (const seq of [4, 5]) {
    await using timeline = await Timeline.open(temp.disk);
    timeline.publish(restarted(seq));
    await timeline.synced();
    assert.equal(timeline.bus.state.seq, seq);
  }
  await using last = await Timeline.open(temp.disk);
  assert.equal(await last.story(), "1-2 (3-3 corrupt) 4-5");
});

test("a journal in which nothing can be read begins anew", async () => {
  using temp = new TempDisk();
  writeFileSync(join(temp.path, segmentName(7)), "not a journal\n".repeat(10));
  await using timeline = await Timeline.open(temp.disk);
  timeline.note(1);
  assert.equal(await timeline.story(), "1");
});

test("files that are none of its own do not disturb the journal, and stay", async () => {
  using temp = new TempDisk();
  writeFileSync(join(temp.path, "notes.txt"), "hello");
  await using timeline = await Timeline.open(temp.disk);
  timeline.note(1);
  assert.equal(await timeline.story(), "1");
  assert.equal(readFileSync(join(temp.path, "notes.txt"), "utf8"), "hello");
});

test("a full segment is followed by a new one, and readers take no notice", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk, small);
  for (let at = 0; at < 4; at++) {
    timeline.note(5, 10 * kib);
    await timeline.synced();
  }
  assert.ok(segmentsOf(await temp.disk.list()).length >= 3);
  assert.equal(await timeline.story(), "1-20");
  assert.equal(await timeline.story(13), "13-20");
});

test("the last segment alone is enough to know the state, whatever became of those before", async () => {
  using temp = new TempDisk();
  const before = await Timeline.open(temp.disk, small);
  before.publish(...life);
  before.note(15, 10 * kib);
  before.publish(restarted(2));
  await before[Symbol.asyncDispose]();
  const segments = segmentsOf(await temp.disk.list());
  for (const { name } of segments.slice(0, -1)) await temp.disk.remove(name);
  await using after = await Timeline.open(temp.disk, small);
  assert.ok(segments.length > 1);
  assert.deepEqual(after.bus.state, before.bus.state);
});

test("a crash between a full segment and the first record of the next loses nothing", async () => {
  using temp = new TempDisk();
  const before = await Timeline.open(temp.disk, small);
  before.publish(...life);
  before.note(7, 10 * kib);
  await before[Symbol.asyncDispose]();
  const last = segmentsOf(await temp.disk.list()).at(-1);
  assert.ok(last && last.firstSeq > 1);
  for (const bytes of [0, 20, last.bytes - 1]) {
    writeFileSync(join(temp.path, last.name), readFileSync(join(temp.path, last.name)).subarray(0, bytes));
    await using after = await Timeline.open(temp.disk, small);
    assert.deepEqual([after.bus.state, after.lost], [before.bus.state, []]);
  }
});

test("the journal keeps to its size, and who comes too late gets a gap for what is gone", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk, small);
  for (let at = 0; at < 60; at++) {
    timeline.note(1, 10 * kib);
    await timeline.synced();
  }
  const { first, bytes } = timeline.journal;
  assert.ok(first > 1 && bytes <= 256 * kib, `${bytes} bytes from ${first} on`);
  assert.equal(
    (await temp.disk.list()).reduce((sum, file) => sum + file.bytes, 0),
    bytes,
  );
  assert.equal(await timeline.story(), `(1-${first - 1} retention) ${first}-60`);
  assert.equal(await timeline.story(first), `${first}-60`);
});

test("a reader that falls behind what is kept gets a gap, and goes on", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk, small);
  const stop = new AbortController();
  const readings = timeline.journal.read(1, stop.signal);
  timeline.note(1, 10 * kib);
  const first = await readings.next();
  assert.equal(inShort([first.value ?? assert.fail()]), "1");
  for (let at = 0; at < 60; at++) {
    timeline.note(1, 10 * kib);
    await timeline.synced();
  }
  const seen = [];
  for await (const reading of readings) {
    seen.push(reading);
    if (reading.kind === "events" && reading.events.at(-1)?.seq === 61) break;
  }
  assert.equal(inShort(seen), `(2-${timeline.journal.first - 1} retention) ${timeline.journal.first}-61`);
});

test("events that are too old go, also when nothing happens any more", async () => {
  using temp = new TempDisk();
  const clock = new FakeClock(Date.now());
  await using timeline = await Timeline.open(temp.disk, { clock, limits: { maxBytes: 256 * kib, maxAgeMs: 2 * day } });
  timeline.note(8, 10 * kib);
  await timeline.synced();
  clock.advance(day);
  timeline.note(1);
  await timeline.synced();
  const { length } = segmentsOf(await temp.disk.list());
  clock.advance(day + hour);
  await settled();
  assert.equal(length, 2);
  assert.equal(timeline.journal.first, segmentsOf(await temp.disk.list()).at(-1)?.firstSeq);
  assert.equal(await timeline.story(), "(1-7 retention) 8-9");
});

test("two clean-ups at the same time take away only what must go", async () => {
  const clock = new FakeClock(Date.now());
  const disk = new FaultyDisk(memoryDisk());
  await using timeline = await Timeline.open(disk, { clock, limits: { maxBytes: 256 * kib, maxAgeMs: hour } });
  timeline.note(16, 10 * kib);
  await timeline.synced();
  const removal = disk.hold("remove");
  clock.advance(3 * hour);
  await removal.reached;
  removal.release();
  await settled();
  timeline.publish(restarted(1));
  assert.equal(await timeline.story(15), "15-17");
  assert.equal(segmentsOf(await disk.list()).length, 1);
});

test("an urgent event is on the disk at once, without any time passing", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk, { clock: new FakeClock() });
  const written = timeline.written();
  timeline.publish(restarted(1));
  await written;
  assert.equal(timeline.journal.durable, 1);
});

test("events that nobody waits for are on the disk together after a second, and not before", async () => {
  using temp = new TempDisk();
  const clock = new FakeClock();
  await using timeline = await Timeline.open(temp.disk, { clock });
  const written = timeline.written();
  timeline.note(2);
  clock.advance(600);
  timeline.note(1);
  assert.equal(clock.nextMs, 400);
  clock.advance(399);
  await settled();
  assert.equal(timeline.journal.durable, 0);
  clock.advance(1);
  await written;
  assert.equal(timeline.journal.durable, 3);
});

test("an urgent event takes those along that could have waited", async () => {
  const clock = new FakeClock();
  await using timeline = await Timeline.open(memoryDisk(), { clock });
  const written = timeline.written();
  timeline.note(2);
  timeline.publish(restarted(1));
  await written;
  assert.equal(timeline.journal.durable, 3);
});

test("when somebody reads along, an event does not wait for long", async () => {
  const clock = new FakeClock();
  await using timeline = await Timeline.open(memoryDisk(), { clock });
  timeline.publish(restarted(1));
  await timeline.synced();
  const story = timeline.story(2, 2);
  await settled();
  timeline.note(1);
  assert.equal(clock.nextMs, 50);
  clock.advance(50);
  assert.equal(await story, "2");
});

test("a reader never sees an event before it is on the disk", async () => {
  using temp = new TempDisk();
  const disk = new FaultyDisk(temp.disk);
  await using timeline = await Timeline.open(disk);
  const order: string[] = [];
  const sync = disk.hold("sync");
  const read = timeline.story(1, 1).then(() => order.push("read"));
  timeline.publish(restarted(1));
  await sync.reached;
  assert.ok(readFileSync(join(temp.path, segmentName(1)), "utf8").includes("service.restarted"));
  for (let turn = 0; turn < 20; turn++) await settled();
  order.push("durable");
  sync.release();
  await read;
  assert.deepEqual(order, ["durable", "read"]);
});

test("who waits for an event waits until it is on the disk", async () => {
  const disk = new FaultyDisk(memoryDisk());
  await using timeline = await Timeline.open(disk);
  const order: string[] = [];
  const sync = disk.hold("sync");
  timeline.note(1);
  const synced = timeline.synced().then(() => order.push("synced"));
  await sync.reached;
  await settled();
  order.push("durable");
  sync.release();
  await synced;
  assert.deepEqual(order, ["durable", "synced"]);
});

test("events that come while others are written are written next, in order", async () => {
  const disk = new FaultyDisk(memoryDisk());
  await using timeline = await Timeline.open(disk);
  const sync = disk.hold("sync");
  timeline.publish(restarted(1));
  await sync.reached;
  timeline.publish(restarted(2));
  timeline.note(1);
  sync.release();
  assert.equal(await timeline.story(), "1-3");
});

test("every reader goes at its own pace", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk, small);
  const stop = new AbortController();
  const slow = timeline.journal.read(1, stop.signal);
  timeline.note(1, 10 * kib);
  await slow.next();
  timeline.note(19, 10 * kib);
  const others = await Promise.all([timeline.story(), timeline.story(8), timeline.story(20)]);
  assert.deepEqual(others, ["1-20", "8-20", "20"]);
  const next = await slow.next();
  assert.match(inShort([next.value ?? assert.fail()]), /^2-/);
  stop.abort();
});

test("a reader that waits ends when its owner ends", async () => {
  await using timeline = await Timeline.open(memoryDisk());
  const owner = new AbortController();
  const ended = timeline.journal.read(1, owner.signal).next();
  await settled();
  owner.abort();
  assert.equal((await ended).done, true);
});

test("every reader ends when the journal closes", async () => {
  const timeline = await Timeline.open(memoryDisk());
  const forever = new AbortController().signal;
  const ended = [1, 5].map((from) => timeline.journal.read(from, forever).next());
  await settled();
  await timeline[Symbol.asyncDispose]();
  assert.deepEqual(
    (await Promise.all(ended)).map(({ done }) => done),
    [true, true],
  );
});

test("a reader that begins before the first event is on the disk misses nothing of what it asked for", async () => {
  using temp = new TempDisk();
  await using timeline = await Timeline.open(temp.disk);
  timeline.note(3);
  assert.equal(await timeline.story(3, 3), "3");
  await using later = await Timeline.open(memoryDisk());
  later.note(3);
  const story = later.story(4, 5);
  await settled();
  later.note(2);
  assert.equal(await story, "4-5");
});

test("a closed journal leaves no timer and no file open", async () => {
  const clock = new FakeClock();
  const disk = new FaultyDisk(memoryDisk());
  const timeline = await Timeline.open(disk, { clock });
  timeline.note(1);
  await timeline[Symbol.asyncDispose]();
  assert.equal(clock.nextMs, Infinity);
  assert.deepEqual(
    disk.calls.filter((call) => /^(open|close)/.test(call)),
    [`open ${segmentName(1)}`, `close ${segmentName(1)}`],
  );
});

/** A journal on a disk that refuses to be written to since the second event. */
async function onFullDisk(options: { tornBytes?: number; failing?: "append" | "sync" | "truncate" } = {}) {
  const { tornBytes = 0, failing = "append" } = options;
  const clock = new FakeClock();
  const disk = new FaultyDisk(memoryDisk());
  const timeline = await Timeline.open(disk, { clock });
  timeline.publish(restarted(1));
  await timeline.synced();
  disk.tornBytes = tornBytes;
  disk.failing.add(failing);
  return { clock, disk, timeline };
}

/** Lets the journal try again until it has written everything. */
async function retried(timeline: Timeline, clock: FakeClock): Promise<void> {
  while (timeline.told.at(-1) !== "recovered") {
    clock.advance(1000);
    await settled();
  }
}

for (const failing of ["append", "sync"] as const)
  for (const tornBytes of [0, 1, 50, 200])
    test(`when ${failing} fails after ${tornBytes} bytes, it is told once, events wait, and nothing is lost when it works again`, async () => {
      const { clock, disk, timeline } = await onFullDisk({ tornBytes, failing });
      timeline.publish(restarted(2));
      await timeline.synced();
      timeline.publish(restarted(3));
      for (let at = 0; at < 5; at++) {
        clock.advance(1000);
        await settled();
        await settled();
      }
      assert.deepEqual(timeline.told, [`degraded: ENOSPC: no space left on device, ${failing}`]);
      assert.equal(timeline.journal.durable, 1);
      disk.failing.clear();
      await retried(timeline, clock);
      assert.deepEqual(timeline.told.slice(1), ["recovered"]);
      timeline.publish(restarted(4));
      assert.equal(await timeline.story(), "1-4");
      await timeline[Symbol.asyncDispose]();
      await using after = await Timeline.open(disk);
      assert.deepEqual(after.bus.state, timeline.bus.state);
    });

test("what a failed write left behind never spoils the next one, even when it cannot be cut off at first", async () => {
  const { clock, disk, timeline } = await onFullDisk({ tornBytes: 50 });
  timeline.publish(restarted(2));
  await timeline.synced();
  disk.failing.clear();
  disk.failing.add("truncate");
  clock.advance(1000);
  for (let turn = 0; turn < 5; turn++) await settled();
  disk.failing.clear();
  await retried(timeline, clock);
  assert.equal(await timeline.story(), "1-2");
  await timeline[Symbol.asyncDispose]();
  assert.equal(
    disk.calls.filter((call) => call.startsWith("open")).length,
    disk.calls.filter((call) => call.startsWith("close")).length,
  );
});

test("while the disk refuses, nobody waits for it", async () => {
  const { timeline } = await onFullDisk();
  timeline.publish(restarted(2));
  await timeline.synced();
  assert.equal(timeline.journal.durable, 1);
});

test("a reader waits through a full disk, and then gets everything", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  const story = timeline.story(1, 3);
  timeline.publish(restarted(2), restarted(3));
  await timeline.synced();
  disk.failing.clear();
  await retried(timeline, clock);
  assert.equal(await story, "1-3");
});

test("a journal closes on a full disk too", async () => {
  const { clock, timeline } = await onFullDisk();
  timeline.publish(restarted(2));
  await timeline[Symbol.asyncDispose]();
  assert.equal(clock.nextMs, Infinity);
});

test("a disk that becomes full again is told again", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  for (const run of [2, 3]) {
    disk.failing.add("append");
    timeline.publish(restarted(run));
    await timeline.synced();
    disk.failing.clear();
    await retried(timeline, clock);
    timeline.told.push("-");
  }
  assert.deepEqual(
    timeline.told.map((words) => words.split(":")[0]),
    ["degraded", "recovered", "-", "degraded", "recovered", "-"],
  );
});

/** Of events this large eight fit into what may wait. */
const big = 990 * kib;

test("while the disk refuses, eight MiB wait in memory; what comes after that is a gap, told as such", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  timeline.note(12, big);
  await timeline.synced();
  disk.failing.clear();
  await retried(timeline, clock);
  timeline.publish(...life);
  assert.equal(await timeline.story(), "1-9 (10-13 disk_full) 14-17");
});

test("an agent that comes back after such a gap has the state it had, with what was dropped in it", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  timeline.note(9, big);
  timeline.publish(...life);
  await timeline.synced();
  disk.failing.clear();
  await retried(timeline, clock);
  timeline.publish(restarted(2));
  await timeline[Symbol.asyncDispose]();
  await using after = await Timeline.open(disk);
  assert.deepEqual(after.bus.state, timeline.bus.state);
  assert.equal(await after.story(), "1-9 (10-14 disk_full) 15");
});

test("the numbers of events that were dropped last are not used again", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  timeline.note(12, big);
  await timeline.synced();
  disk.failing.clear();
  await retried(timeline, clock);
  await timeline[Symbol.asyncDispose]();
  await using after = await Timeline.open(disk);
  assert.equal(after.bus.state.seq, 13);
  after.note(1);
  assert.equal(await after.story(), "1-9 (10-13 disk_full) 14");
});

test("an event too large for a frame is kept without its data, and says so", async () => {
  await using timeline = await Timeline.open(memoryDisk(), { clock: new FakeClock() });
  timeline.note(1, 9 * 1024 * kib);
  timeline.publish(restarted(2));
  assert.equal(await timeline.story(), "1-2");
  assert.match(await timeline.text(1), /"data":\{"tooLarge":9437\d{3}\}/);
});

test("a burst too large to wait is told as a gap at once, and what follows is kept", async () => {
  await using timeline = await Timeline.open(memoryDisk(), { clock: new FakeClock() });
  const written = timeline.written();
  timeline.note(9, big);
  await written;
  assert.equal(await timeline.story(), "1-8 (9-9 disk_full)");
  timeline.publish(restarted(2));
  assert.equal(await timeline.story(), "1-8 (9-9 disk_full) 10");
});

test("what waits when the journal closes is written, and what was dropped told, if the disk takes it", async () => {
  const { disk, timeline } = await onFullDisk();
  timeline.note(12, big);
  await timeline.synced();
  disk.failing.clear();
  await timeline[Symbol.asyncDispose]();
  await using after = await Timeline.open(disk);
  assert.deepEqual(after.bus.state, timeline.bus.state);
  assert.equal(await after.story(), "1-9 (10-13 disk_full)");
});

test("events that come while a write fails stay behind those that failed", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  const append = disk.hold("append");
  timeline.publish(restarted(2));
  await append.reached;
  timeline.publish(restarted(3));
  append.release();
  await timeline.synced();
  disk.failing.clear();
  await retried(timeline, clock);
  assert.equal(await timeline.story(), "1-3");
});

test("what has been written makes room for what comes", async () => {
  const clock = new FakeClock();
  await using timeline = await Timeline.open(memoryDisk(), { clock });
  for (let at = 0; at < 12; at++) {
    timeline.note(1, big);
    await timeline.synced();
  }
  assert.equal(await timeline.story(), "1-12");
});

test("a disk that takes its time to refuse lets no more wait in memory than one that refuses at once", async () => {
  const { clock, disk, timeline } = await onFullDisk();
  for (let round = 0; round < 4; round++) {
    const append = disk.hold("append");
    timeline.note(1, kib);
    void timeline.synced();
    clock.advance(1000);
    await append.reached;
    timeline.note(10, big);
    append.release();
    await settled();
  }
  disk.failing.clear();
  await retried(timeline, clock);
  const kept = (await disk.list()).reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(kept < 9 * 1024 * kib, `${kept} bytes had waited`);
});

test("old segments that cannot be removed keep nobody from writing", async () => {
  const disk = new FaultyDisk(memoryDisk());
  disk.failing.add("remove");
  await using timeline = await Timeline.open(disk, small);
  for (let at = 0; at < 60; at++) {
    timeline.note(1, 10 * kib);
    await timeline.synced();
  }
  assert.equal(timeline.journal.durable, 60);
  assert.match(timeline.told[0] ?? "", /^degraded: cannot remove the old segment 0000000000000001\.journal: ENOSPC/);
});
