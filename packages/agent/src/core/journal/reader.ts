import type { GapReason } from "@ostler/protocol";
import type { Disk } from "../disk.js";
import { nextRecord, recordAt } from "./record.js";
import type { Segment } from "./segments.js";

/** An event as it lies in the journal: its seq and its envelope as JSON text. */
export type StoredEvent = { seq: number; json: string };
export type Gap = { from: number; to: number; reason: GapReason };
export type Reading = { kind: "events"; events: StoredEvent[] } | ({ kind: "gap" } & Gap);

/** What a reader sees of the journal it reads. */
export type Source = {
  disk: Disk;
  segments(): readonly Segment[];
  /** Last seq that may be read. */
  durable(): number;
  /** Ends when something more became readable, or the signal aborts. */
  grown(after: number, signal: AbortSignal): Promise<void>;
};

/** How much is read from the disk at once; grows for a record that is larger. */
const chunkBytes = 256 * 1024;

/** Reads on from `from` until the signal aborts: events in order, and a gap wherever some are missing. Holds one chunk in memory. */
export async function* read(source: Source, from: number, signal: AbortSignal): AsyncGenerator<Reading> {
  let place = headOf(segmentOf(source.segments(), from));
  let next = from;
  while (!signal.aborted) {
    if (next > source.durable()) {
      await source.grown(next - 1, signal);
      continue;
    }
    const step = await readOn(source, place, next);
    for (const reading of step.readings) yield reading;
    ({ place, next } = step);
  }
}

/** Where a reader stands in a segment. */
type Place = { segment: string; offset: number };
type Step = { readings: Reading[]; place: Place; next: number };

/** The segment that holds an event, or the oldest one when the event is gone already. */
function segmentOf(segments: readonly Segment[], seq: number): Segment | undefined {
  return segments.findLast(({ firstSeq }) => firstSeq <= seq) ?? segments[0];
}

function headOf(segment: Segment | undefined): Place {
  return { segment: segment?.name ?? "", offset: 0 };
}

async function readOn(source: Source, place: Place, next: number): Promise<Step> {
  // The journal grows and shrinks while we read: a gap must cover only what was there before.
  const segments = [...source.segments()];
  const durable = source.durable();
  const index = segments.findIndex(({ name }) => name === place.segment);
  const segment = segments[index];
  if (!segment || segment.firstSeq > next) return goOn(segmentOf(segments, next), durable, next, "retention");
  const left = segment.bytes - place.offset;
  for (let wanted = Math.min(chunkBytes, left); wanted > 0; wanted = Math.min(wanted * 4, left)) {
    const bytes = await readBytes(source.disk, place, wanted);
    if (!bytes && !source.segments().includes(segment)) return { readings: [], place, next }; // Removed under our hands.
    const parsed = bytes && parse(bytes, next);
    if (parsed && parsed.consumed > 0)
      return { ...parsed, place: { segment: place.segment, offset: place.offset + parsed.consumed } };
    if (!bytes || bytes.length < wanted || wanted === left) break;
  }
  return goOn(segments[index + 1], durable, next, "corrupt");
}

/** Nothing for what is lost. A failure that may pass, as too many open files, is the reader's: it must not become a gap. */
async function readBytes(disk: Disk, { segment, offset }: Place, length: number): Promise<Buffer | undefined> {
  try {
    return await disk.read(segment, offset, length);
  } catch (failure) {
    const { code = "ENOENT" } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EIO" || code === "not-found") return undefined;
    throw failure;
  }
}

/** Goes on at the head of `segment`, or behind everything that was readable; whatever lies between is a gap. */
function goOn(segment: Segment | undefined, durable: number, next: number, reason: GapReason): Step {
  const to = segment?.firstSeq ?? durable + 1;
  const readings: Reading[] = to > next ? [{ kind: "gap", from: next, to: to - 1, reason }] : [];
  return { readings, place: headOf(segment), next: Math.max(to, next) };
}

/** The readings in a chunk from its start up to the last whole record. */
function parse(bytes: Buffer, from: number): { readings: Reading[]; next: number; consumed: number } {
  const readings: Reading[] = [];
  let events: StoredEvent[] = [];
  let next = from;
  let consumed = 0;
  const flush = (): void => {
    if (events.length > 0) readings.push({ kind: "events", events });
    events = [];
  };
  const gap = (to: number, reason: GapReason): void => {
    flush();
    readings.push({ kind: "gap", from: next, to, reason });
    next = to + 1;
  };
  for (;;) {
    const here = recordAt(bytes, consumed);
    if (here.found !== "record") {
      const beyond = nextRecord(bytes, consumed);
      if (beyond === undefined) break;
      consumed = beyond;
      continue;
    }
    const { kind, seq, json } = here.record;
    consumed = here.end;
    if (kind === "snapshot" || seq < next) continue;
    if (kind === "gap") {
      gap(seq, "disk_full");
      continue;
    }
    if (seq > next) gap(seq - 1, "corrupt");
    events.push({ seq, json });
    next = seq + 1;
  }
  flush();
  return { readings, next, consumed };
}
