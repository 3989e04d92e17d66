import { initialState, isUrgent, messageOf, type Envelope, type HostState } from "@ostler/protocol";
import type { Published, TakeSample } from "../bus.js";
import { Changes } from "../changes.js";
import type { Clock } from "../clock.js";
import type { AppendFile, Disk } from "../disk.js";
import { read, type Reading } from "./reader.js";
import { encodeRecord } from "./record.js";
import { recover, type Recovered } from "./recover.js";
import { expired, segmentBytes, segmentName, segmentsOf, type Limits, type Segment } from "./segments.js";

export type JournalDeps = {
  disk: Disk;
  limits: Limits;
  clock: Clock;
  newEpoch: () => string;
  sample: TakeSample;
  /** The disk refuses; events wait in memory until it takes them again. */
  degraded: (reason: string) => void;
  recovered: () => void;
};

/** An event must fit into a frame of the protocol. A larger one is kept without its data, which is then known only to the state. */
const maxEventBytes = 1000 * 1024;

function jsonOf(envelope: Envelope): string {
  const json = JSON.stringify(envelope);
  return json.length <= maxEventBytes ? json : JSON.stringify({ ...envelope, data: { tooLarge: json.length } });
}

/** Lines for one segment that are not on the disk yet. */
type Batch = { segment: Segment; lines: string[]; lastSeq: number; bytes: number };

/** How long an event may wait for company before it is written: nobody is waiting for it, or somebody is. */
const lazyMs = 1000;
const awaitedMs = 50;
const retryMs = 1000;
const sweepMs = 60 * 60 * 1000;

/** While the disk refuses, this much waits in memory; what comes after that, until it is written, becomes a gap. */
const maxQueuedBytes = 8 * 1024 * 1024;

/**
 * The durable, bounded memory of the timeline. Writing never waits for anybody: `record` queues, and one flush at a time
 * writes and fsyncs what has gathered.
 *
 * Invariant: a reader sees an event only when it is on the disk. What was seen is never lost, and its seq never used again.
 */
export class Journal implements AsyncDisposable {
  readonly #deps: JournalDeps;
  readonly #segments: Segment[];
  #head: Segment;
  #headBytes: number;
  #queue: Batch[] = [];
  #queuedBytes = 0;
  /** Events that found no room in the queue, and the state after the last of them. */
  #dropped: { from: number; state: HostState } | undefined;
  #durable: number;
  #file: { segment: Segment; file: AppendFile } | undefined;
  #degraded: string | undefined;
  #dueAt = Infinity;
  #cancelTimer = (): void => {};
  #flushing: Promise<void> | undefined;
  readonly #flushed = new Changes();
  readonly #stop = new AbortController();

  /** Opens what is in `disk`, or begins anew. The state is the fold of everything up to the last event in it. */
  static async open(deps: JournalDeps): Promise<{ journal: Journal; state: HostState; lost: Recovered["lost"] }> {
    const segments = segmentsOf(await deps.disk.list());
    const recovered = await recover(deps.disk, segments);
    if (!recovered) for (const { name } of segments.splice(0)) await deps.disk.remove(name);
    const state = recovered?.state ?? initialState(deps.newEpoch());
    const journal = new Journal(deps, segments, state);
    journal.#sweepByAge();
    return { journal, state, lost: recovered?.lost ?? [] };
  }

  private constructor(deps: JournalDeps, segments: Segment[], state: HostState) {
    this.#deps = deps;
    this.#segments = segments;
    this.#durable = state.seq;
    const last = segments.at(-1);
    this.#head = last ?? this.#begin(state);
    this.#headBytes = this.#head.bytes;
  }

  /** Seq of the oldest event that can still be read. */
  get first(): number {
    return this.#segments[0]?.firstSeq ?? this.#durable + 1;
  }

  /** Seq of the newest event that can be read. */
  get durable(): number {
    return this.#durable;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The bus's listener: takes the event in memory and returns at once. */
  readonly record = ({ event, envelope, state }: Published): void => {
    const line = encodeRecord({ kind: "event", seq: state.seq, json: jsonOf(envelope) });
    if (this.#dropped || this.#queuedBytes + line.length > maxQueuedBytes) {
      this.#dropped = { from: this.#dropped?.from ?? state.seq, state };
      // With nothing before it, it is too large by itself; else the gap follows when all that is before it is written.
      if (this.#queuedBytes === 0) this.#markGap();
      else this.#flushWithin(0);
      return;
    }
    this.#enqueue(line, state.seq);
    if (this.#headBytes >= segmentBytes(this.#deps.limits)) this.#head = this.#begin(state);
    this.#flushWithin(isUrgent(event.type) ? 0 : this.#flushed.isAwaited ? awaitedMs : lazyMs);
  };

  /** Ends when the event is on the disk, or when the disk refuses and nobody should wait for it. */
  async synced(seq: number): Promise<void> {
    this.#flushWithin(0);
    while (this.#durable < seq && this.#degraded === undefined && !this.#stop.signal.aborted)
      await this.#flushed.next();
  }

  /** Events from `from` on, for ever, with a gap wherever some are missing; each reader at its own pace. */
  read(from: number, signal: AbortSignal): AsyncGenerator<Reading> {
    const source = {
      disk: this.#deps.disk,
      segments: () => this.#segments,
      durable: () => this.#durable,
      grown: (after: number, until: AbortSignal) => this.#grown(after, until),
    };
    return read(source, from, AbortSignal.any([signal, this.#stop.signal]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#cancelTimer();
    do await this.#flush();
    while (this.#queue.length > 0 && this.#degraded === undefined);
    this.#stop.abort();
    this.#cancelTimer();
    this.#flushed.notify();
    await this.#file?.file.close();
  }

  /** A new segment that opens with the state, so that nothing before it is needed to know where we are. */
  #begin(state: HostState): Segment {
    const segment = {
      name: segmentName(state.seq + 1),
      firstSeq: state.seq + 1,
      bytes: 0,
      modifiedMs: this.#deps.clock.now(),
    };
    const line = encodeRecord({ kind: "snapshot", seq: state.seq, json: JSON.stringify({ snapshot: state }) });
    this.#queue.push({ segment, lines: [line], lastSeq: state.seq, bytes: line.length });
    this.#queuedBytes += line.length;
    this.#headBytes = 0;
    return segment;
  }

  /** Says what was dropped, and goes on with the state that these events led to: nothing else tells of it. */
  #markGap(): void {
    if (!this.#dropped) return;
    const { from, state } = this.#dropped;
    this.#dropped = undefined;
    const json = JSON.stringify({ gap: { from, to: state.seq } });
    this.#enqueue(encodeRecord({ kind: "gap", seq: state.seq, json }), state.seq);
    this.#head = this.#begin(state);
    this.#flushWithin(0);
  }

  #enqueue(line: string, seq: number): void {
    const last = this.#queue.at(-1);
    if (last?.segment === this.#head) {
      last.lines.push(line);
      last.lastSeq = seq;
      last.bytes += line.length;
    } else this.#queue.push({ segment: this.#head, lines: [line], lastSeq: seq, bytes: line.length });
    this.#queuedBytes += line.length;
    this.#headBytes += line.length;
  }

  #flushWithin(ms: number): void {
    if (this.#queue.length === 0 || this.#degraded !== undefined || this.#stop.signal.aborted) return;
    const dueAt = this.#deps.clock.monotonic() + ms;
    if (dueAt >= this.#dueAt) return;
    this.#flushAt(dueAt, ms);
  }

  #flushAt(dueAt: number, ms: number): void {
    this.#dueAt = dueAt;
    this.#cancelTimer();
    if (this.#flushing) return;
    if (ms > 0) this.#cancelTimer = this.#deps.clock.after(ms, () => void this.#flush());
    else {
      const immediate = setImmediate(() => void this.#flush());
      this.#cancelTimer = () => clearImmediate(immediate);
    }
  }

  /** Writes everything queued. One at a time; never rejects: a disk that refuses is a state of the journal. */
  async #flush(): Promise<void> {
    while (this.#flushing) await this.#flushing;
    if (this.#queue.length === 0) return;
    this.#flushing = this.#writeQueue();
    await this.#flushing;
    this.#flushing = undefined;
    this.#flushed.notify();
    if (this.#queue.length === 0 || this.#stop.signal.aborted) return;
    const wait = this.#degraded === undefined ? Math.max(0, this.#dueAt - this.#deps.clock.monotonic()) : retryMs;
    this.#flushAt(this.#deps.clock.monotonic() + wait, wait);
  }

  async #writeQueue(): Promise<void> {
    this.#dueAt = Infinity;
    const batches = this.#queue;
    this.#queue = [];
    while (batches[0]) {
      try {
        await this.#write(batches[0]);
        this.#queuedBytes -= batches[0].bytes;
        batches.shift();
      } catch (failure) {
        this.#queue = [...batches, ...this.#queue];
        return this.#fail(messageOf(failure));
      }
    }
    this.#markGap();
    if (this.#degraded === undefined) return;
    this.#degraded = undefined;
    this.#deps.recovered();
  }

  async #write({ segment, lines, lastSeq }: Batch): Promise<void> {
    const startedMs = this.#deps.clock.monotonic();
    const bytes = Buffer.from(lines.join(""));
    const file = await this.#open(segment);
    try {
      await file.append(bytes);
      await file.sync();
    } catch (failure) {
      this.#file = undefined;
      await file.close();
      throw failure;
    }
    segment.bytes += bytes.length;
    segment.modifiedMs = this.#deps.clock.now();
    this.#durable = Math.max(this.#durable, lastSeq);
    if (!this.#segments.includes(segment)) this.#segments.push(segment);
    await this.#expire();
    const tookMs = this.#deps.clock.monotonic() - startedMs;
    this.#deps.sample({ type: "journal.written", events: lines.length, bytes: bytes.length, tookMs });
  }

  async #open(segment: Segment): Promise<AppendFile> {
    if (this.#file?.segment === segment) return this.#file.file;
    await this.#file?.file.close();
    this.#file = undefined;
    const file = await this.#deps.disk.open(segment.name);
    try {
      await file.truncate(segment.bytes); // What a failed write left behind must not glue itself to the next record.
    } catch (failure) {
      await file.close();
      throw failure;
    }
    this.#file = { segment, file };
    return file;
  }

  #fail(reason: string): void {
    if (this.#degraded !== undefined) return;
    this.#degraded = reason;
    this.#flushed.notify();
    this.#deps.degraded(reason);
  }

  /** Never rejects. */
  async #expire(): Promise<void> {
    const gone = expired(this.#segments, this.#deps.limits, this.#deps.clock.now());
    this.#segments.splice(0, gone.length);
    for (const { name } of gone) {
      try {
        await this.#deps.disk.remove(name);
      } catch (failure) {
        this.#deps.degraded(`cannot remove the old segment ${name}: ${messageOf(failure)}`);
      }
    }
  }

  /** Ages out even when nothing happens. */
  #sweepByAge(): void {
    const again = (): void => {
      void this.#expire();
      cancel = this.#deps.clock.after(sweepMs, again);
    };
    let cancel = this.#deps.clock.after(sweepMs, again);
    this.#stop.signal.addEventListener("abort", () => cancel());
  }

  async #grown(after: number, signal: AbortSignal): Promise<void> {
    while (this.#durable <= after && !signal.aborted) {
      this.#flushWithin(awaitedMs);
      await this.#flushed.next(signal);
    }
  }
}
