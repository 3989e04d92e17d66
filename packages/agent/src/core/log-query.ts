import type { Level } from "./line-format/line-info.js";

/** Which lines of services somebody wants. */
export type LogQuery = {
  /** All services when absent. */
  service?: string;
  /** A process of it, all instances of it; every source when absent. */
  process?: string;
  /** A log of it by its name in the configuration, instead of what its processes write. */
  source?: string;
  /** Only so many, the last ones; absent: `defaultLast`, or all there are since `sinceMs`. */
  last?: number | "all";
  /** Only what was written in this time, in milliseconds since 1970. */
  sinceMs?: number;
  untilMs?: number;
  /** And then what comes. */
  follow: boolean;
  /** Only lines in which this regular expression is found. */
  grep?: string;
  ignoreCase?: boolean;
  /** Only lines of at least this level; those that say none are of the level of the record that they go on with, or of none. */
  level?: Level;
  /** With the sequences for a terminal that the service wrote. */
  ansi?: boolean;
};

/** So many lines come when neither a number nor a time is asked for. */
export const defaultLast = 100;
