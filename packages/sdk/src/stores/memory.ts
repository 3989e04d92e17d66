import { seqOf, type Envelope } from "@ostler/protocol";
import type { EventStore, StoredPosition } from "./store.js";

/** What one host has: events from number `base` on. */
type Kept = { base: number; events: Envelope[]; position: StoredPosition };

/** Keeps the last events of each host in memory: enough to follow, nothing survives the process. */
export function memoryStore({ maxEvents = 10_000 }: { maxEvents?: number } = {}): EventStore {
  const hosts = new Map<string, Kept>();
  return {
    positions: async () => new Map([...hosts].map(([host, { position }]) => [host, position])),
    append: async (host, events) => {
      const before = hosts.get(host) ?? { base: 0, events: [], position: { epoch: "", seq: 0, end: 0 } };
      const all = [...before.events, ...events];
      const kept = all.slice(-maxEvents);
      const base = before.base + all.length - kept.length;
      const last = events.at(-1);
      const position = { ...before.position, ...(last ? positionOf(last) : {}), end: base + kept.length };
      hosts.set(host, { base, events: kept, position });
      return position;
    },
    read: async function* (host, from) {
      const kept = hosts.get(host);
      if (!kept) return;
      const start = Math.max(from, kept.base);
      for (const [at, event] of kept.events.slice(start - kept.base).entries()) yield { event, next: start + at + 1 };
    },
    close: async () => hosts.clear(),
  };
}

/** Where an event stands in its host's timeline: its id is `<epoch>-<seq>`. */
export function positionOf(event: Envelope): { epoch: string; seq: number } {
  return { epoch: event.id.slice(0, event.id.lastIndexOf("-")), seq: seqOf(event) };
}
