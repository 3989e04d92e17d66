import type { Envelope } from "@ostler/protocol";

/** A place in a store's sequence of events of one host. Only the store that made it knows what it means. */
export type Cursor = number;

/** Up to where a host's events are stored. */
export type StoredPosition = { epoch: string; seq: number; end: Cursor };

/**
 * Where a controller keeps events. An event is acknowledged to its agent when `append` has resolved, and not before:
 * what "stored" means is this store's decision. Four methods make one of your own.
 */
export type EventStore = {
  /** Up to where each known host is stored. */
  positions(): Promise<ReadonlyMap<string, StoredPosition>>;
  /** Appends events of one host, in order; never called twice at the same time for one host. Returns the new position. */
  append(host: string, events: readonly Envelope[]): Promise<StoredPosition>;
  /** Events of a host from a cursor (0: the oldest kept) to the end, each with the cursor behind it. */
  read(host: string, from: Cursor): AsyncIterable<{ event: Envelope; next: Cursor }>;
  close(): Promise<void>;
};
