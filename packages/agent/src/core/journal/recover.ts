import {
  eventOf,
  fold,
  hostState,
  initialState,
  type Envelope,
  type GapReason,
  type HostState,
} from "@ostler/protocol";
import type { Disk } from "../disk.js";
import type { JournalRecord } from "./record.js";
import { scan } from "./scan.js";
import type { Segment } from "./segments.js";

export type Recovered = {
  state: HostState;
  /** The seq that the next event gets. */
  nextSeq: number;
  /** What was found damaged at the end of the journal. */
  lost: { from: number; to: number; reason: GapReason }[];
};

/**
 * Reads the state back: the last snapshot that can be read, and every event after it.
 * Cuts the torn tail of the last segment. Nothing when there is no segment with anything readable in it.
 */
export async function recover(disk: Disk, segments: readonly Segment[]): Promise<Recovered | undefined> {
  const last = segments.at(-1);
  if (!last) return undefined;
  const tail = scan(await disk.read(last.name, 0, last.bytes));
  if (tail.wholeBytes < last.bytes) await cut(disk, last, tail.wholeBytes);
  const records = await backToSnapshot(disk, segments, tail.records);
  const snapshot = records.find(({ kind }) => kind === "snapshot");
  const first = records.find(({ kind }) => kind === "event");
  if (!snapshot && !first) return undefined;
  const state = records.reduce(foldRecord, snapshot ? stateIn(snapshot) : initialState(epochOf(first)));
  const lastSeq = Math.max(last.firstSeq - 1, records.at(-1)?.seq ?? 0);
  const nextSeq = lastSeq + 1 + tail.damagedAtEnd;
  const lost = tail.damagedAtEnd > 0 ? [{ from: lastSeq + 1, to: nextSeq - 1, reason: "corrupt" as const }] : [];
  return { state: { ...state, seq: nextSeq - 1 }, nextSeq, lost };
}

/** The records from the last snapshot on; from the first record there is when no snapshot can be read. */
async function backToSnapshot(
  disk: Disk,
  segments: readonly Segment[],
  tail: JournalRecord[],
): Promise<JournalRecord[]> {
  let records = tail;
  for (const segment of segments.slice(0, -1).reverse()) {
    if (records.some(({ kind }) => kind === "snapshot")) break;
    records = [...scan(await disk.read(segment.name, 0, segment.bytes)).records, ...records];
  }
  return records.slice(
    Math.max(
      0,
      records.findLastIndex(({ kind }) => kind === "snapshot"),
    ),
  );
}

function foldRecord(state: HostState, { kind, seq, json }: JournalRecord): HostState {
  if (kind === "gap") return { ...state, seq };
  if (kind === "snapshot") return state;
  const envelope = JSON.parse(json) as Envelope;
  return fold(state, eventOf(envelope), { epoch: state.epoch, seq, time: envelope.time });
}

/**
 * What another version of the agent has stored may lack something, or hold it in another shape. Then only the place in the
 * journal is taken over: services are found again by the records of their keepers.
 */
function stateIn({ seq, json }: JournalRecord): HostState {
  const { snapshot } = JSON.parse(json) as { snapshot: HostState };
  const parsed = hostState.safeParse(snapshot);
  return parsed.success ? parsed.data : { ...initialState(snapshot.epoch), seq };
}

function epochOf(first: JournalRecord | undefined): string {
  const id = first ? (JSON.parse(first.json) as Envelope).id : "";
  return id.slice(0, id.lastIndexOf("-"));
}

async function cut(disk: Disk, segment: Segment, bytes: number): Promise<void> {
  const file = await disk.open(segment.name);
  try {
    await file.truncate(bytes);
    await file.sync();
    segment.bytes = bytes;
  } finally {
    await file.close();
  }
}
