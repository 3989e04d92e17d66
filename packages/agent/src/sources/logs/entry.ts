import type { Clock } from "../../core/clock.js";
import type { Level } from "../../core/line-format/line-info.js";

/** A line as a source has it. What the source knows of its time bounds it; the line itself may say it better. */
export type Entry = {
  text: string;
  clipped: boolean;
  stream: string;
  timeMs?: number;
  level?: Level;
  /** It was written after this moment, and by that one. */
  afterMs?: number;
  byMs?: number;
};

/** What of its past a source is asked for: it may give more, not less. */
export type HistoryQuery = {
  /** The last so many lines; all when absent. */
  last?: number;
  sinceMs?: number;
  /** It is followed afterwards: then a last line without an end is not one yet. */
  isFollowed: boolean;
  /** It was added after this moment; of what was there before nothing is wanted. */
  addedMs?: number;
};

/** Something that lines come from, in the order in which they were written. First its history is read, then it is followed. */
export type Source = AsyncDisposable & {
  /** Whose lines they are. */
  about: { service: string; process?: string; source?: string };
  /** What there is now, some lines at once. */
  history(wanted: HistoryQuery): AsyncGenerator<Entry[]>;
  /** What comes after the history, until the signal of whoever reads aborts. */
  follow(): AsyncGenerator<Entry[]>;
};

/** What sources of files need. */
export type SourceDeps = {
  clock: Clock;
  signal: AbortSignal;
  /** Tells whoever reads what could not be read. */
  note: (text: string) => void;
};
