import { OstlerError } from "@ostler/protocol";
import { textOf } from "../lines/clean-line.js";
import { Filters, type Likely } from "./filters.js";
import { Needles } from "./needles.js";
import { isAscii, type Pattern, type PatternMatch } from "./pattern.js";
import type { Limits } from "./states.js";

/** A line that at least one pattern matches, as one sees it; `start` and `end` are where its bytes are in the block. */
export type MatchedLine = { start: number; end: number; text: string; found: readonly Found[] };

/** A pattern, by its place in the set, and its match, which is looked for when it is asked for. */
export type Found = { readonly index: number; readonly match: PatternMatch };

const newline = 10;

/**
 * So many steps of the machine all patterns of a set together may take on one line, some 70 ms; beyond that the line is given up by
 * those that would take more. A pattern that a filter can be had for takes a few steps a character.
 */
const maxStepsALine = 10_000_000;

/** Many patterns, looked for in one pass over bytes. */
export class PatternSet {
  readonly #patterns: readonly Pattern[];
  readonly #filters: Filters;
  readonly #needles: Needles | undefined;
  readonly #givenUp = new Set<number>();

  constructor(patterns: readonly Pattern[], limits?: Limits) {
    this.#patterns = patterns;
    this.#filters = new Filters(
      patterns.map(({ program }) => program),
      limits,
    );
    const required = patterns.map((pattern) => pattern.required ?? [""]);
    this.#needles = Needles.of([...new Set(required.flat())]);
  }

  /**
   * Calls `hit` for each line of a block in which at least one pattern matches, in order. The block is whole lines; a last one
   * without an end counts as one. Returns how many lines there were.
   */
  scan(block: Uint8Array, hit: (line: MatchedLine) => void): number {
    const needed = this.#needles?.scan(block);
    if (needed) return this.#scanLikely(block, needed, hit);
    const likely = this.#filters.scan(block);
    return likely.unfiltered.length === 0 ? this.#scanLikely(block, likely, hit) : this.#scanAll(block, hit);
  }

  #scanLikely(
    block: Uint8Array,
    { lines, at: places, matched }: Omit<Likely, "unfiltered">,
    hit: (line: MatchedLine) => void,
  ): number {
    for (let next = 0; next < places.length;) {
      const place = places[next] ?? 0;
      const start = place === 0 ? 0 : block.lastIndexOf(newline, place - 1) + 1;
      const end = endOf(block, place);
      const likely: number[] = [];
      let isClean = true;
      for (; next < places.length && (places[next] ?? 0) <= end; next++) {
        const its = matched[next];
        if (its) likely.push(...its);
        else isClean = false;
      }
      const text = textOf(block, start, end);
      this.#tell({ start, end, text }, isClean ? likely.sort((a, b) => a - b) : this.#filters.find(text), hit);
    }
    return lines;
  }

  /** There are patterns that no filter can be had for. */
  #scanAll(block: Uint8Array, hit: (line: MatchedLine) => void): number {
    let lines = 0;
    for (let start = 0; start < block.length; lines++) {
      const end = endOf(block, start);
      const text = textOf(block, start, end);
      this.#tell({ start, end, text }, this.#filters.find(text), hit);
      start = end + 1;
    }
    return lines;
  }

  #tell(line: Omit<MatchedLine, "found">, likely: readonly number[], hit: (line: MatchedLine) => void): void {
    const found = this.#verified(line.text, likely);
    if (found.length > 0) hit({ ...line, found });
  }

  /** The patterns that match a text, all of it as one line. */
  find(text: string): Found[] {
    return this.#verified(text, this.#filters.find(text));
  }

  /** Which patterns, by index, have given up a line since this was asked last. */
  takeGivenUp(): number[] {
    const all = [...this.#givenUp];
    this.#givenUp.clear();
    return all;
  }

  #verified(text: string, likely: readonly number[]): Found[] {
    let ofAscii: boolean | undefined;
    let stepsLeft = maxStepsALine;
    return likely.flatMap((index): Found[] => {
      const pattern = this.#patterns[index];
      if (!pattern) return [];
      if (pattern.isPlain && this.#filters.has(index) && (ofAscii ??= isAscii(text)))
        return [new SureFound(index, pattern, text)];
      const before = pattern.steps;
      const match = pattern.execLikely(text, stepsLeft);
      stepsLeft = Math.max(0, stepsLeft - (pattern.steps - before));
      if (pattern.gaveUp) this.#givenUp.add(index);
      return match ? [{ index, match }] : [];
    });
  }
}

function endOf(block: Uint8Array, from: number): number {
  const found = block.indexOf(newline, from);
  return found < 0 ? block.length : found;
}

/** That there is a match is certain. */
class SureFound implements Found {
  readonly index: number;
  readonly #pattern: Pattern;
  readonly #text: string;
  #match: PatternMatch | undefined;

  constructor(index: number, pattern: Pattern, text: string) {
    this.index = index;
    this.#pattern = pattern;
    this.#text = text;
  }

  get match(): PatternMatch {
    this.#match ??= this.#pattern.execLikely(this.#text);
    if (this.#match) return this.#match;
    throw new OstlerError("internal", `/${this.#pattern.source}/ should match ${JSON.stringify(this.#text)}`);
  }
}
