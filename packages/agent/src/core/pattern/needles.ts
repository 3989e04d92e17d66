import { countLines } from "../lines/count-lines.js";
import { shortestOf } from "./required.js";
import { partsOf, type Finds } from "./scan-block.js";

/** Shorter ones let too little of a block be leapt over. */
const minLength = 5;
const maxLength = 255;
/** With more of them there is hardly a pair of bytes that is in none. */
const maxNeedles = 200;

/** Which entry of the table of leaps a pair of bytes has. */
const leapEntries = 8192;
const entryOf = (first: number, second: number): number => (first << 5) ^ second;

const newline = 0x0a;
/** What is cleaned off a line where it stands may divide a needle. */
const divides = [0x00, 0x1b];

/** One line in so many may have a needle; with more it is quicker to look at each byte. */
const minLinesPerFind = 16;
/** It is looked closer at one byte in so many, at most, or at a few. */
const minBytesPerLook = 20;
const minLooks = 16;
/** For so many blocks nothing is tried after one that was not worth it. */
const restBlocks = 64;

/**
 * Finds lines that have one of some texts in them, in any letter case, by leaps: a pair of bytes that is in none of the texts lets
 * almost the length of the shortest be leapt over (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994).
 */
export class Needles {
  readonly #length: number;
  /** By pair of bytes: how far the next place where a needle may be is behind it. */
  readonly #leaps: Uint8Array;
  readonly #endingWith = new Map<number, Uint8Array[]>();
  #restBlocks = 0;

  /** Nothing when there are too many or one is too short. */
  static of(texts: readonly string[]): Needles | undefined {
    if (texts.length === 0 || texts.length > maxNeedles || shortestOf(texts) < minLength) return undefined;
    return new Needles(texts);
  }

  private constructor(texts: readonly string[]) {
    this.#length = Math.min(shortestOf(texts), maxLength);
    this.#leaps = new Uint8Array(leapEntries).fill(this.#length - 1);
    for (const text of texts) {
      const needle = Buffer.from(text, "latin1");
      for (let end = 1; end < this.#length; end++)
        for (const entry of entriesOf(needle[end - 1] ?? 0, needle[end] ?? 0)) this.#note(entry, end, needle);
    }
  }

  /** Places in lines that have a needle, one a line. Nothing where the block is better gone through byte by byte. */
  scan(block: Uint8Array): Finds | undefined {
    if (this.#restBlocks > 0 && this.#restBlocks-- > 0) return undefined;
    if (divides.some((byte) => block.includes(byte))) return undefined;
    const lines = countLines(block);
    const maxFinds = Math.max(2, lines / minLinesPerFind);
    const at = this.#placesIn(block, maxFinds);
    if (!at) this.#restBlocks = restBlocks;
    return at && { lines, at, matched: Array<undefined>(at.length).fill(undefined) };
  }

  #note(entry: number, end: number, needle: Uint8Array): void {
    this.#leaps[entry] = Math.min(this.#leaps[entry] ?? 0, this.#length - 1 - end);
    if (end < this.#length - 1) return;
    const alike = this.#endingWith.get(entry);
    if (alike) alike.push(needle);
    else this.#endingWith.set(entry, [needle]);
  }

  /** As in `scanBlock`, each step needs the one before it: so three parts are gone through side by side. */
  #placesIn(block: Uint8Array, maxFinds: number): number[] | undefined {
    const leaps = this.#leaps;
    const last = this.#length - 1;
    const [begin1, begin2, begin3, end] = partsOf(block);
    const search: Search = {
      block,
      places: [],
      maxFinds,
      looksLeft: Math.max(minLooks, block.length / minBytesPerLook),
    };
    let [at1, at2, at3] = [begin1 + last, begin2 + last, begin3 + last];
    while (at1 < begin2 && at2 < begin3 && at3 < end) {
      const leap1 = leaps[entryOf(block[at1 - 1] ?? 0, block[at1] ?? 0)] ?? 0;
      const leap2 = leaps[entryOf(block[at2 - 1] ?? 0, block[at2] ?? 0)] ?? 0;
      const leap3 = leaps[entryOf(block[at3 - 1] ?? 0, block[at3] ?? 0)] ?? 0;
      at1 = leap1 > 0 ? at1 + leap1 : this.#look(search, at1);
      at2 = leap2 > 0 ? at2 + leap2 : this.#look(search, at2);
      at3 = leap3 > 0 ? at3 + leap3 : this.#look(search, at3);
    }
    this.#goOn(search, at1, begin2);
    this.#goOn(search, at2, begin3);
    this.#goOn(search, at3, end);
    return search.looksLeft < 0 || search.places.length > maxFinds ? undefined : search.places.sort((a, b) => a - b);
  }

  #goOn(search: Search, from: number, end: number): void {
    const { block } = search;
    for (let at = from; at < end;) {
      const leap = this.#leaps[entryOf(block[at - 1] ?? 0, block[at] ?? 0)] ?? 0;
      at = leap > 0 ? at + leap : this.#look(search, at);
    }
  }

  /** Looks whether a needle is there, and says where to go on: beyond the block when it is not worth it. */
  #look(search: Search, at: number): number {
    const { block, places, maxFinds } = search;
    const last = this.#length - 1;
    if (--search.looksLeft < 0) return block.length;
    if (!this.#isAt(block, at - last, entryOf(block[at - 1] ?? 0, block[at] ?? 0))) return at + 1;
    if (places.push(at) > maxFinds) return block.length;
    const end = block.indexOf(newline, at);
    return end < 0 ? block.length : end + 1 + last;
  }

  #isAt(block: Uint8Array, start: number, entry: number): boolean {
    for (const needle of this.#endingWith.get(entry) ?? none) if (isNeedleAt(block, start, needle)) return true;
    return false;
  }
}

const none: readonly Uint8Array[] = [];

function isNeedleAt(block: Uint8Array, start: number, needle: Uint8Array): boolean {
  for (let each = 0; each < needle.length; each++) if (lowerOf(block[start + each] ?? 0) !== needle[each]) return false;
  return true;
}

type Search = { block: Uint8Array; places: number[]; maxFinds: number; looksLeft: number };

/** The entries of a pair in lower case, and of those in which one or both are capitals. */
function entriesOf(first: number, second: number): Set<number> {
  const firsts = [first, upperOf(first)];
  const seconds = [second, upperOf(second)];
  return new Set(firsts.flatMap((one) => seconds.map((other) => entryOf(one, other))));
}

const betweenCases = 0x20;

function lowerOf(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + betweenCases : byte;
}

function upperOf(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - betweenCases : byte;
}
