import assert from "node:assert/strict";
import { test } from "node:test";
import { sequenceOf } from "@ostler/protocol";
import { Changes } from "../changes.js";
import { FaultyDisk } from "../../testing/faulty-disk.js";
import { memoryDisk } from "../memory-disk.js";
import { read, type Reading } from "./reader.js";
import { encodeRecord } from "./record.js";
import { segmentName, type Segment } from "./segments.js";
import { inShort } from "../../testing/timeline.js";

const kib = 1024;
const event = (seq: number, bytes = 1): string =>
  encodeRecord({ kind: "event", seq, json: JSON.stringify({ sequence: sequenceOf(seq), data: "x".repeat(bytes) }) });
const events = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => event(from + at)).join("");
const snapshot = (seq: number): string => encodeRecord({ kind: "snapshot", seq, json: "{}" });
const gap = (from: number, to: number): string =>
  encodeRecord({ kind: "gap", seq: to, json: JSON.stringify({ gap: { from, to } }) });
const broken = (line: string): string => line.replace('"sequence"', '"sequenze"');

/** A journal made by hand, which does in the middle of a read what a real one does only now and then. */
class Bench {
  readonly disk = new FaultyDisk(memoryDisk());
  readonly segments: Segment[] = [];
  durable = 0;
  readonly #grown = new Changes();

  /** Adds a segment whose last event is `durable`. */
  async add(firstSeq: number, text: string, durable: number): Promise<void> {
    const name = segmentName(firstSeq);
    await this.disk.replace(name, text);
    this.segments.push({ name, firstSeq, bytes: Buffer.byteLength(text), modifiedMs: 0 });
    this.grow(durable);
  }

  /** Adds to the last segment. */
  async append(text: string, durable: number): Promise<void> {
    const segment = this.segments.at(-1);
    assert.ok(segment);
    const file = await this.disk.open(segment.name);
    await file.append(Buffer.from(text));
    await file.close();
    segment.bytes += Buffer.byteLength(text);
    this.grow(durable);
  }

  /** Takes the oldest segment away, as retention does. */
  async removeOldest(): Promise<void> {
    const [gone] = this.segments.splice(0, 1);
    assert.ok(gone);
    await this.disk.remove(gone.name);
  }

  grow(durable: number): void {
    this.durable = durable;
    this.#grown.notify();
  }

  /** What a reader gets until it has come to `to`. */
  async story(from: number, to: number): Promise<string> {
    const stop = new AbortController();
    const source = {
      disk: this.disk,
      segments: () => this.segments,
      durable: () => this.durable,
      grown: async (after: number, signal: AbortSignal) => {
        while (this.durable <= after && !signal.aborted) await this.#grown.next(signal);
      },
    };
    const readings: Reading[] = [];
    for await (const reading of read(source, from, stop.signal)) {
      readings.push(reading);
      if ((reading.kind === "gap" ? reading.to : (reading.events.at(-1)?.seq ?? 0)) >= to) stop.abort();
    }
    return inShort(readings);
  }
}

test("events come in order, across segments, without the snapshots between them", async () => {
  const bench = new Bench();
  await bench.add(1, snapshot(0) + events(1, 3), 3);
  await bench.add(4, snapshot(3) + events(4, 6), 6);
  assert.equal(await bench.story(1, 6), "1-6");
  assert.equal(await bench.story(3, 6), "3-6");
  assert.equal(await bench.story(5, 6), "5-6");
});

test("an event larger than what is read at once comes whole", async () => {
  const bench = new Bench();
  await bench.add(1, event(1) + event(2, 3000 * kib) + event(3), 3);
  assert.equal(await bench.story(1, 3), "1-3");
});

test("a large segment is read in small pieces", async () => {
  const bench = new Bench();
  const text = Array.from({ length: 200 }, (_, at) => event(at + 1, 10 * kib)).join("");
  await bench.add(1, text, 200);
  assert.equal(await bench.story(1, 200), "1-200");
  assert.ok(bench.disk.calls.filter((call) => call.startsWith("read")).length >= text.length / (256 * kib));
});

test("a gap that was written is a gap to read, for each reader just what it did not have", async () => {
  const bench = new Bench();
  await bench.add(1, event(1) + gap(2, 5), 5);
  await bench.add(6, snapshot(5) + event(6), 6);
  assert.equal(await bench.story(1, 6), "1 (2-5 disk_full) 6");
  assert.equal(await bench.story(4, 6), "(4-5 disk_full) 6");
  assert.equal(await bench.story(6, 6), "6");
});

test("damage covers just the events that are lost, wherever it lies", async () => {
  const bench = new Bench();
  await bench.add(
    1,
    broken(event(1)) + event(2) + broken(event(3)) + broken(event(4)) + event(5) + broken(event(6)),
    6,
  );
  await bench.add(7, broken(event(7)) + event(8), 8);
  assert.equal(await bench.story(1, 8), "(1-1 corrupt) 2 (3-4 corrupt) 5 (6-6 corrupt) (7-7 corrupt) 8");
});

test("damage larger than what is read at once is stepped over", async () => {
  const bench = new Bench();
  await bench.add(1, event(1) + "\0".repeat(700 * kib) + "\n" + event(3), 3);
  assert.equal(await bench.story(1, 3), "1 (2-2 corrupt) 3");
});

test("a segment in which nothing can be read is a gap up to the next", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 2), 2);
  await bench.add(3, "\0".repeat(1000), 5);
  await bench.add(6, snapshot(5) + event(6), 6);
  assert.equal(await bench.story(1, 6), "1-2 (3-5 corrupt) 6");
});

test("a segment that somebody has taken away is a gap up to the next", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 2), 2);
  await bench.add(3, events(3, 5), 5);
  await bench.add(6, event(6), 6);
  await bench.disk.remove(segmentName(3));
  assert.equal(await bench.story(1, 6), "1-2 (3-5 corrupt) 6");
});

test("a segment that is shorter than it should be is a gap up to the next", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 5), 5);
  await bench.add(6, event(6), 6);
  await bench.disk.replace(segmentName(1), events(1, 2));
  assert.equal(await bench.story(1, 6), "1-2 (3-5 corrupt) 6");
});

test("who asks for events that are gone gets a gap up to the oldest there is", async () => {
  const bench = new Bench();
  await bench.add(10, snapshot(9) + events(10, 12), 12);
  assert.equal(await bench.story(1, 12), "(1-9 retention) 10-12");
});

test("who asks for an event that is yet to come waits for it", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 2), 2);
  const story = bench.story(4, 5);
  await bench.append(events(3, 5), 5);
  assert.equal(await story, "4-5");
});

test("who began to wait before there was any segment gets just what it asked for", async () => {
  const bench = new Bench();
  const story = bench.story(4, 5);
  await bench.add(1, snapshot(0) + events(1, 3), 3);
  await bench.append(events(4, 5), 5);
  assert.equal(await story, "4-5");
});

test("who waits in a segment that is removed meanwhile goes on in the one that holds its next event", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 2), 2);
  const story = bench.story(5, 6);
  await bench.add(3, snapshot(2) + events(3, 4), 4);
  await bench.removeOldest();
  await bench.append(events(5, 6), 6);
  assert.equal(await story, "5-6");
});

test("when a segment is removed while it is read, only what was in it is missing", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 3), 3);
  await bench.add(4, snapshot(3) + events(4, 6), 6);
  await bench.add(7, snapshot(6) + events(7, 9), 9);
  const reading = bench.disk.hold("read");
  const story = bench.story(1, 9);
  await reading.reached;
  await bench.removeOldest();
  reading.release();
  assert.equal(await story, "(1-3 retention) 4-9");
});

test("events that come while a damaged end is looked at are no part of the gap", async () => {
  const bench = new Bench();
  await bench.add(1, event(1) + broken(event(2)), 2);
  const story = bench.story(2, 4);
  const reading = bench.disk.hold("read");
  await reading.reached;
  await bench.append(events(3, 4), 4);
  reading.release();
  assert.equal(await story, "(2-2 corrupt) 3-4");
});

test("nothing is read any more when the owner has ended", async () => {
  const bench = new Bench();
  await bench.add(1, events(1, 2), 2);
  const stop = new AbortController();
  const source = {
    disk: bench.disk,
    segments: () => bench.segments,
    durable: () => 2,
    grown: () => Promise.reject(new Error("it waits")),
  };
  stop.abort();
  assert.equal((await read(source, 1, stop.signal).next()).done, true);
});
