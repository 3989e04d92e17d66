import { matchesTopic, type Envelope } from "@ostler/protocol";
import type { Signal } from "./signal.js";
import type { Cursor, EventStore } from "./stores/store.js";

export type FollowOptions = {
  /** Globs like `ostler.service.*`; all types when empty. */
  types?: readonly string[];
  /** `stored`: everything in the store first; `now`: only what comes. */
  from?: "stored" | "now";
  signal?: AbortSignal;
};

/** Reads a host's events out of the store and goes on as they are stored, at the reader's pace: nothing gathers in memory. */
export function follow(
  host: string,
  store: EventStore,
  stored: Signal,
  options: FollowOptions & { signal: AbortSignal },
): AsyncGenerator<Envelope> {
  const start =
    options.from === "stored"
      ? Promise.resolve(0)
      : store.positions().then((positions) => positions.get(host)?.end ?? 0);
  start.catch(() => undefined); // Whoever reads is told.
  return read(host, start, store, stored, options);
}

type ReadOptions = FollowOptions & { signal: AbortSignal };

async function* read(
  host: string,
  start: Promise<Cursor>,
  store: EventStore,
  stored: Signal,
  { types = [], signal: owner }: ReadOptions,
): AsyncGenerator<Envelope> {
  const left = new AbortController();
  const signal = AbortSignal.any([owner, left.signal]);
  try {
    let cursor = await start;
    while (!signal.aborted) {
      const more = stored.next(signal);
      let found = false;
      for await (const { event, next } of store.read(host, cursor)) {
        if (signal.aborted) return;
        found = true;
        cursor = next;
        if (matchesTopic(types, event.type)) yield event;
      }
      if (!found) await more; // Otherwise there may be more already.
    }
  } finally {
    left.abort();
  }
}
