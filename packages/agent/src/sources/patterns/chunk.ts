import type { Stream } from "../../platform/spool.js";

/** Who wrote lines, and where. */
export type Origin = { process?: string; stream?: Stream; file?: string };

/** Some whole lines of one origin, in the order in which they were written. */
export type Chunk = {
  /** Of the origin; unique in its source, and the same after a restart. */
  label: string;
  origin: Origin;
  /** Each line ends with \n. Valid only until it was taken. */
  bytes: Uint8Array;
  /** The key of the line that begins at an offset of `bytes`. */
  keyAt: (start: number) => string;
  /** Was the line that begins at an offset of `bytes` longer than what is there of it? */
  isClippedAt: (start: number) => boolean;
  /** Where to go on so that the next line is the one that begins at an offset of `bytes`, as JSON. */
  positionAt: (start: number) => unknown;
};
