import { matchesTopic } from "@ostler/protocol";
import type { Journal } from "../../core/journal/journal.js";
import type { StoredEvent } from "../../core/journal/reader.js";
import type { Link } from "./link.js";
import type { Window } from "./window.js";

/** A frame of events is closed when it has this many events or bytes. */
const batchEvents = 512;
const batchBytes = 256 * 1024;

export type Pump = {
  journal: Pick<Journal, "read">;
  link: Link;
  window: Window;
  epoch: string;
  topics: readonly string[];
};

/** Sends the journal from a seq on, as fast as the controller acknowledges, until the signal aborts. */
export async function pumpEvents(
  from: number,
  { journal, link, window, epoch, topics }: Pump,
  signal: AbortSignal,
): Promise<void> {
  for await (const reading of journal.read(from, signal)) {
    if (reading.kind === "gap") {
      const { from: first, to, reason } = reading;
      link.send({ t: "gap", epoch, from: first, to, count: to - first + 1, reason });
      window.pass(to);
      continue;
    }
    for (let at = 0; at < reading.events.length && !signal.aborted;) {
      await window.opened(signal);
      const batch = nextBatch(reading.events, at, Math.min(window.room, batchEvents), topics);
      at = batch.end;
      if (batch.wanted.length > 0) {
        const text = `{"t":"events","epoch":${JSON.stringify(epoch)},"events":[${batch.wanted.map(({ json }) => json).join(",")}]}`;
        window.add(batch.wanted.at(-1)?.seq ?? 0, batch.wanted.length, text.length);
        await link.sendInPace(text);
      }
      window.pass(reading.events[at - 1]?.seq ?? 0);
    }
  }
}

/** The next events that are wanted, as many as fit in a frame, and where to go on. */
function nextBatch(
  events: readonly StoredEvent[],
  start: number,
  most: number,
  topics: readonly string[],
): { wanted: StoredEvent[]; end: number } {
  const wanted: StoredEvent[] = [];
  let bytes = 0;
  let at = start;
  for (; at < events.length && wanted.length < most && bytes < batchBytes; at++) {
    const event = events[at];
    if (!event || (topics.length > 0 && !matchesTopic(topics, typeOf(event.json)))) continue;
    wanted.push(event);
    bytes += event.json.length;
  }
  return { wanted, end: at };
}

/** Without parsing the whole event: the envelope is our own, and its type comes before its data. */
function typeOf(json: string): string {
  return /"type":"([^"]*)"/.exec(json)?.[1] ?? "";
}
