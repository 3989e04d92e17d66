import { alphabetOf, type Alphabet } from "./alphabet.js";
import type { CharSet } from "./char-set.js";
import { ops, type Program } from "./program.js";

/** Where one may be after some symbols of a line, in all patterns at once; in order. */
export type Ways = Int32Array;

/** Where a symbol leads, and the patterns of which that completes a match. */
export type Step = { ways: Ways; matched: readonly number[] };

/**
 * Follows many patterns at once over the symbols of a line. A pattern is left as soon as it has matched. What it finds is never too
 * little: it looks neither at the bounds of words, nor at which characters beyond ASCII there are, nor how many.
 */
export class WaysOfAll {
  readonly alphabet: Alphabet;
  /** At the beginning of a line. */
  readonly start: Ways;
  /** Patterns that match whatever the line is. */
  readonly always: readonly number[];
  readonly #code: Code;
  /** A way is twice a place of the code; one more while it is among bytes beyond ASCII that are one character. */
  readonly #begins: number[];
  readonly #patternOf: Int32Array;
  #seen: Int32Array;
  #turn = 0;

  constructor(programs: readonly Program[]) {
    this.#code = joined(programs);
    const { op, sets, firsts } = this.#code;
    this.alphabet = alphabetOf(sets);
    this.#begins = [];
    this.#patternOf = new Int32Array(op.length);
    for (const [pattern, first] of firsts.entries()) this.#patternOf.fill(pattern, first);
    this.#seen = new Int32Array(2 * (op.length + programs.length));
    const start = this.#closed(firsts, { atStart: true, atEnd: false });
    this.always = start.matched;
    for (const [pattern, first] of firsts.entries())
      if (!start.matched.includes(pattern) && this.#mayBeginLater(first)) this.#begins.push(pattern);
    this.start = this.#sorted(start.ways, start.matched, this.#begins);
  }

  step(ways: Ways, symbol: number): Step {
    const { x, op } = this.#code;
    const { members, beyondAscii } = this.alphabet;
    const later: number[] = [];
    const next: number[] = [];
    const stay: number[] = [];
    for (const way of ways) {
      const place = way >> 1;
      if (place >= op.length) {
        const pattern = place - op.length;
        later.push(pattern);
        next.push(this.#code.firsts[pattern] ?? 0);
      } else if (
        op[place] === ops.char &&
        ((way & 1) === 0 ? members[x[place] ?? 0]?.[symbol] : symbol === beyondAscii)
      ) {
        next.push(place + 1);
        if (symbol === beyondAscii) stay.push(2 * place + 1);
      }
    }
    const { ways: found, matched } = this.#closed(next, { atStart: false, atEnd: false });
    return { ways: this.#sorted([...found, ...stay], matched, later), matched };
  }

  /** The patterns of which the end of the line completes a match. */
  end(ways: Ways): readonly number[] {
    const { op } = this.#code;
    const ends = [...ways].map((way) => way >> 1).filter((place) => op[place] === ops.end);
    const { matched } = this.#closed(ends, { atStart: true, atEnd: true });
    return this.always.length === 0 ? matched : [...new Set([...this.always, ...matched])].sort((a, b) => a - b);
  }

  /** Can the pattern begin elsewhere than at the beginning of a line? */
  #mayBeginLater(first: number): boolean {
    const { ways, matched } = this.#closed([first], { atStart: false, atEnd: false });
    return ways.length > 0 || matched.length > 0;
  }

  #sorted(ways: readonly number[], matched: readonly number[], later: readonly number[]): Ways {
    const { op } = this.#code;
    const all = [...ways, ...later.map((pattern) => 2 * (op.length + pattern))];
    const left = matched.length === 0 ? all : all.filter((way) => !matched.includes(this.#patternAt(way >> 1)));
    return Int32Array.from(new Set(left)).sort();
  }

  #patternAt(place: number): number {
    const { op } = this.#code;
    return place < op.length ? (this.#patternOf[place] ?? 0) : place - op.length;
  }

  /** All ways from some places to where a character is awaited, or the end. */
  #closed(
    places: readonly number[],
    where: { atStart: boolean; atEnd: boolean },
  ): { ways: number[]; matched: number[] } {
    const { op, x, y } = this.#code;
    const ways: number[] = [];
    const matched = new Set<number>();
    this.#turn++;
    const open = [...places];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (this.#seen[place] === this.#turn) continue;
      this.#seen[place] = this.#turn;
      switch (op[place]) {
        case ops.char:
          ways.push(2 * place);
          break;
        case ops.match:
          matched.add(this.#patternOf[place] ?? 0);
          break;
        case ops.split:
          open.push(x[place] ?? 0, y[place] ?? 0);
          break;
        case ops.jump:
          open.push(x[place] ?? 0);
          break;
        case ops.start:
          if (where.atStart || x[place] === 1) open.push(place + 1);
          break;
        case ops.end:
          if (where.atEnd || x[place] === 1) open.push(place + 1);
          else ways.push(2 * place);
          break;
        default:
          open.push(place + 1);
      }
    }
    return { ways, matched: [...matched].sort((a, b) => a - b) };
  }
}

/** The programs behind each other, and where each begins. */
type Code = { op: Uint8Array; x: Int32Array; y: Int32Array; sets: readonly CharSet[]; firsts: readonly number[] };

function joined(programs: readonly Program[]): Code {
  const length = programs.reduce((sum, { op }) => sum + op.length, 0);
  const sets = new Map<string, { at: number; set: CharSet }>();
  const code = { op: new Uint8Array(length), x: new Int32Array(length), y: new Int32Array(length) };
  const firsts: number[] = [];
  let first = 0;
  for (const { op, x, y, sets: its } of programs) {
    for (const [place, operation] of op.entries()) {
      const here = first + place;
      code.op[here] = operation;
      const to = x[place] ?? 0;
      const isJump = operation === ops.split || operation === ops.jump;
      code.x[here] = operation === ops.char ? indexIn(sets, its[to] ?? []) : isJump ? first + to : to;
      code.y[here] = operation === ops.split ? first + (y[place] ?? 0) : 0;
    }
    firsts.push(first);
    first += op.length;
  }
  return { ...code, sets: Array.from(sets.values(), ({ set }) => set), firsts };
}

function indexIn(sets: Map<string, { at: number; set: CharSet }>, set: CharSet): number {
  const key = set.join();
  const known = sets.get(key) ?? { at: sets.size, set };
  sets.set(key, known);
  return known.at;
}
