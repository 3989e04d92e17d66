import type { CharSet } from "./char-set.js";

/** What an instruction does; `x` and `y` are what it needs. They go on with the next one unless they say where. */
export const ops = {
  /** Takes a character of the set `x`. */
  char: 0,
  /** Goes on at `x`, and if that fails at `y`. */
  split: 1,
  /** Goes on at `x`. */
  jump: 2,
  /** Notes the place as bound `x`: 2n is where group n begins, 2n+1 where it ends. */
  save: 3,
  /** Forgets the bounds from `x` to before `y`. */
  forget: 4,
  /** Fails except at the beginning; of a line, too, where `x` is 1. */
  start: 5,
  /** Fails except at the end; of a line, too, where `x` is 1. */
  end: 6,
  /** Fails except between a character of a word and another; where `x` is 1 just there. */
  boundary: 7,
  /** From here on something must be taken. */
  enter: 8,
  /** Fails when nothing was taken since `enter`. */
  leave: 9,
  match: 10,
} as const;

/** A pattern as instructions for a machine that follows all ways at once. */
export type Program = {
  op: Uint8Array;
  x: Int32Array;
  y: Int32Array;
  sets: readonly CharSet[];
  /** How many bounds there are: two for the match, two for each group. */
  bounds: number;
};
