import assert from "node:assert/strict";
import type { Envelope, ForeignEvent, HostEvent, HostState } from "@ostler/protocol";
import { Bus } from "../core/bus.js";
import { systemClock, type Clock } from "../core/clock.js";
import type { Disk } from "../core/disk.js";
import { Journal } from "../core/journal/journal.js";
import type { Reading } from "../core/journal/reader.js";
import type { Recovered } from "../core/journal/recover.js";
import type { Limits } from "../core/journal/segments.js";

export type TimelineOptions = { clock?: Clock; limits?: Partial<Limits> };

/** A bus and its journal, put together as the agent does, for tests. */
export class Timeline implements AsyncDisposable {
  readonly journal: Journal;
  readonly bus: Bus;
  readonly lost: Recovered["lost"];
  /** What the journal said of itself: `degraded: why`, `recovered`. */
  readonly told: string[];

  static async open(disk: Disk, { clock = systemClock, limits }: TimelineOptions = {}): Promise<Timeline> {
    const told: string[] = [];
    const { journal, state, lost } = await Journal.open({
      disk,
      limits: { maxBytes: 64 * 1024 * 1024, maxAgeMs: 7 * 86_400_000, ...limits },
      clock,
      newEpoch: () => "e1",
      sample: (sample) => timeline.bus.sample(sample),
      degraded: (reason) => void told.push(`degraded: ${reason}`),
      recovered: () => void told.push("recovered"),
    });
    const timeline = new Timeline(journal, state, lost, told, clock);
    return timeline;
  }

  private constructor(journal: Journal, state: HostState, lost: Recovered["lost"], told: string[], clock: Clock) {
    this.journal = journal;
    this.lost = lost;
    this.told = told;
    this.bus = new Bus({ state, agentId: "a1", clock });
    this.bus.subscribe("journal", journal.record);
  }

  publish(...events: (HostEvent | ForeignEvent)[]): void {
    for (const event of events) this.bus.publish(event);
  }

  /** Publishes this many events that nobody is in a hurry for, each about this long. */
  note(count: number, bytes = 1): void {
    for (let at = 0; at < count; at++) this.bus.publish({ type: "app.noted", data: { text: "x".repeat(bytes) } });
  }

  /** Ends when everything published so far is on the disk, or cannot be. */
  async synced(): Promise<void> {
    await this.journal.synced(this.bus.state.seq);
  }

  /** Ends when the journal has written once more. */
  written(): Promise<void> {
    return new Promise((resolve) => {
      const taker = this.bus.onSample("written", () => {
        taker[Symbol.dispose]();
        resolve();
      });
    });
  }

  /** What a reader from `from` on gets until it has come to `to`, like `1-4 (5-6 corrupt) 7`. */
  async story(from = 1, to = this.bus.state.seq): Promise<string> {
    const stop = new AbortController();
    const readings: Reading[] = [];
    for await (const reading of this.journal.read(from, stop.signal)) {
      readings.push(reading);
      if (lastOf(reading) >= to) stop.abort();
    }
    return inShort(readings);
  }

  /** The text of an event as it is stored. */
  async text(seq: number): Promise<string> {
    for await (const reading of this.journal.read(seq, new AbortController().signal))
      return reading.kind === "events" ? (reading.events[0]?.json ?? "") : "";
    return "";
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.journal[Symbol.asyncDispose]();
  }
}

/** Readings as text; each event must be the one it says it is, and come right after the one before. */
export function inShort(readings: readonly Reading[]): string {
  const words: string[] = [];
  let run: { from: number; to: number } | undefined;
  const end = (): void => {
    if (run) words.push(run.from === run.to ? `${run.from}` : `${run.from}-${run.to}`);
    run = undefined;
  };
  for (const reading of readings) {
    if (reading.kind === "gap") {
      end();
      words.push(`(${reading.from}-${reading.to} ${reading.reason})`);
      continue;
    }
    for (const { seq, json } of reading.events) {
      assert.equal(Number((JSON.parse(json) as Envelope).sequence), seq);
      if (run?.to !== seq - 1) end();
      run = { from: run?.from ?? seq, to: seq };
    }
  }
  end();
  return words.join(" ");
}

function lastOf(reading: Reading): number {
  return reading.kind === "gap" ? reading.to : (reading.events.at(-1)?.seq ?? 0);
}
