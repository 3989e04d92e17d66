import { matchesTopic } from "@ostler/protocol";
import type { Journal } from "../../core/journal/journal.js";
import type { StoredEvent } from "../../core/journal/reader.js";
import type { Link } from "./link.js";
import type { Room, Window } from "./window.js";

/** A frame of events is closed when it has this much. */
const batch: Room = { events: 512, bytes: 256 * 1024 };

export type Pump = {
  journal: Pick<Journal, "read">;
  link: Pick<Link, "send" | "sendInPace">;
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
      const { wanted, bytes, end } = nextBatch(reading.events, at, window.room, topics);
      at = end;
      const last = wanted.at(-1);
      if (last) {
        window.add(last.seq, wanted.length, bytes);
        const list = wanted.map(({ json }) => json).join(",");
        await link.sendInPace(`{"t":"events","epoch":${JSON.stringify(epoch)},"events":[${list}]}`);
      }
      window.pass(reading.events[at - 1]?.seq ?? 0);
    }
  }
}

/** The next events that are wanted, as many as fit in a frame and in the window, at least one; and where to go on. */
function nextBatch(
  events: readonly StoredEvent[],
  start: number,
  room: Room,
  topics: readonly string[],
): { wanted: StoredEvent[]; bytes: number; end: number } {
  const most = { events: Math.min(room.events, batch.events), bytes: Math.min(room.bytes, batch.bytes) };
  const wanted: StoredEvent[] = [];
  let bytes = 0;
  let end = start;
  for (; end < events.length && wanted.length < most.events; end++) {
    const event = events[end];
    if (!event || (topics.length > 0 && !matchesTopic(topics, typeOf(event.json)))) continue;
    const more = Buffer.byteLength(event.json);
    if (wanted.length > 0 && bytes + more > most.bytes) break;
    wanted.push(event);
    bytes += more;
  }
  return { wanted, bytes, end };
}

/** Without parsing the whole event: the envelope is our own, and its type comes before its data. */
function typeOf(json: string): string {
  return /"type":"([^"]*)"/.exec(json)?.[1] ?? "";
}
