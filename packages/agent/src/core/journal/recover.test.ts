import assert from "node:assert/strict";
import { test } from "node:test";
import { envelopeOf, initialState, type HostEvent } from "@ostler/protocol";
import { FaultyDisk } from "../../testing/faulty-disk.js";
import { memoryDisk } from "../memory-disk.js";
import { encodeRecord } from "./record.js";
import { recover, type Recovered } from "./recover.js";
import { segmentName, segmentsOf } from "./segments.js";

const configured = (service: string): HostEvent => ({
  type: "service.configured",
  data: { service, processes: ["main"], checks: [] },
});

/** An event that adds the service `s‹seq›` to the state. */
function event(seq: number): string {
  const position = { epoch: "e1", seq, time: "2026-01-01T00:00:00.000Z" };
  return encodeRecord({ kind: "event", seq, json: JSON.stringify(envelopeOf(configured(`s${seq}`), "a1", position)) });
}
/** A snapshot that knows the service `before`. */
function snapshot(seq: number): string {
  const service = { ready: false, since: "", processes: {}, checks: {} };
  const state = { ...initialState("e1"), seq, services: { before: service } };
  return encodeRecord({ kind: "snapshot", seq, json: JSON.stringify({ snapshot: state }) });
}
const gap = (from: number, to: number): string =>
  encodeRecord({ kind: "gap", seq: to, json: JSON.stringify({ gap: { from, to } }) });
const broken = (line: string): string => line.replace(/[{]/, "[");

/** What comes back from segments, given by the seq of their first event. */
async function walk(segments: Record<number, string[]>): Promise<Recovered | undefined> {
  const disk = memoryDisk();
  for (const [firstSeq, lines] of Object.entries(segments))
    await disk.replace(segmentName(Number(firstSeq)), lines.join(""));
  return recover(disk, segmentsOf(await disk.list()));
}

function inShort(recovered: Recovered | undefined): string {
  if (!recovered) return "nothing";
  const { state, nextSeq, lost } = recovered;
  assert.equal(state.seq, nextSeq - 1);
  assert.equal(state.epoch, "e1");
  return [
    Object.keys(state.services).join(" "),
    `next ${nextSeq}`,
    ...lost.map(({ from, to }) => `lost ${from}-${to}`),
  ].join(", ");
}

async function check(segments: Record<number, string[]>, expected: string): Promise<void> {
  assert.equal(inShort(await walk(segments)), expected);
}

test("the state is the last snapshot and every event after it", async () => {
  await check({ 1: [snapshot(0), event(1), event(2)] }, "before s1 s2, next 3");
});

test("segments before the last snapshot are not even read", async () => {
  const disk = new FaultyDisk(memoryDisk());
  await disk.replace(segmentName(1), snapshot(0) + event(1));
  await disk.replace(segmentName(2), snapshot(1) + event(2));
  assert.equal(inShort(await recover(disk, segmentsOf(await disk.list()))), "before s2, next 3");
  assert.deepEqual(
    disk.calls.filter((call) => call.startsWith("read")),
    [`read ${segmentName(2)}`],
  );
});

test("where the last snapshot is damaged, the one before it serves", async () => {
  await check({ 1: [snapshot(0), event(1)], 2: [broken(snapshot(1)), event(2)] }, "before s1 s2, next 3");
});

test("where no snapshot can be read, the events there are make the state", async () => {
  await check({ 4: [broken(snapshot(3)), event(4)], 5: [broken(snapshot(4)), event(5)] }, "s4 s5, next 6");
});

test("a segment in which nothing is yet says what the next number is", async () => {
  await check({ 1: [snapshot(0), event(1)], 2: [] }, "before s1, next 2");
  await check({ 1: [snapshot(0), event(1)], 2: [snapshot(1).slice(0, 50)] }, "before s1, next 2");
  await check({ 1: [snapshot(0), event(1), broken(event(2))], 3: [] }, "before s1, next 3");
});

test("a gap moves the numbers on", async () => {
  await check({ 1: [snapshot(0), event(1), gap(2, 7), event(8)] }, "before s1 s8, next 9");
  await check({ 1: [snapshot(0), event(1), gap(2, 7)] }, "before s1, next 8");
});

test("damage in the middle costs the state only what was damaged", async () => {
  await check({ 1: [snapshot(0), event(1), broken(event(2)), event(3)] }, "before s1 s3, next 4");
});

test("numbers of damaged records at the end are lost", async () => {
  await check({ 1: [snapshot(0), event(1), broken(event(2)), broken(event(3))] }, "before s1, next 4, lost 2-3");
  await check({ 1: [snapshot(0), event(1), broken(event(2)), event(3).slice(0, 50)] }, "before s1, next 3, lost 2-2");
});

test("when nothing can be read, nothing comes back", async () => {
  await check({}, "nothing");
  await check({ 1: [] }, "nothing");
  await check({ 1: [broken(snapshot(0)), broken(event(1))] }, "nothing");
});

test("a torn tail is cut from the file, and the segment knows its new size", async () => {
  const disk = memoryDisk();
  const whole = snapshot(0) + event(1);
  await disk.replace(segmentName(1), whole + event(2).slice(0, -1));
  const segments = segmentsOf(await disk.list());
  await recover(disk, segments);
  assert.equal(segments[0]?.bytes, whole.length);
  assert.equal((await disk.read(segmentName(1), 0, 1e6)).toString(), whole);
});
