import type { EventData } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import type { Chunk } from "./chunk.js";

/** Where the output of a service is: in the spools of its processes, or in the journal, when it is a unit of systemd. */
export type Output = {
  service: string;
  spools: string;
  /** The spools that were there before the service could write to them. */
  spoolsBefore: ReadonlySet<string>;
  unit: string | undefined;
};

/** What is known of a source from before: where to go on with each origin, and when that was written down. */
export type Known = {
  savedMs: number | undefined;
  positions: Readonly<Record<string, unknown>>;
  /** The files and globs that were looked for then. */
  globs?: readonly string[] | undefined;
};

export type Gapped = Omit<EventData<"log.gapped">, "service" | "source">;

export type FeedDeps = {
  clock: Clock;
  /** Waited for before more is read of the same origin. */
  take: (chunk: Chunk) => Promise<void>;
  gapped: (gap: Gapped) => void;
  /** An origin has come, and is read from a position on. */
  begun: (label: string, position: unknown) => void;
  /** Whatever had come by that moment of the wall clock was told. */
  looked: (ms: number) => void;
  /** All that was there of an origin when it was begun has been taken; what comes next comes after the position. */
  caughtUp: (label: string, position: unknown) => void;
  /** An origin is gone for good. */
  gone: (label: string) => void;
  failed: (what: string, reason: string) => void;
  recovered: (what: string) => void;
};
