import { columns, endColumn } from "./alphabet.js";
import type { Program } from "./program.js";
import { WaysOfAll, type Ways } from "./ways.js";

/** A transition that is more than the next state. */
export type Turn = {
  /** The state that it leads to. */
  next: number;
  /** The line is over. */
  isEnd: boolean;
  /** The patterns that have matched by it; nothing when the line must be cleaned first. */
  matched: readonly number[] | undefined;
};

export type Limits = {
  /** So many bytes the table of states may have. When there are more they are forgotten and made again: slower, but never more memory. */
  maxTableBytes: number;
  /** So many ways all states may have together; beyond that as well. */
  maxWays: number;
  /** So much work may go into finding states; what is scanned earns some back. Beyond it the table is not worth its price. */
  maxWork: number;
};

export const usualLimits: Limits = { maxTableBytes: 2 * 1024 * 1024, maxWays: 500_000, maxWork: 200_000 };

/** Work that each scanned byte earns: at worst a scan takes some 100 ns a byte. */
const workPerByte = 2;

/** What finding a transition costs beside its ways. */
const workPerTurn = 10;

/** At so many free states there is room for whoever scans in several places at once. */
const spare = 8;

/** In the rest of a line that must be cleaned nothing counts. */
const restState = columns;

/** What the entries beyond the table's own indices are: turns. */
const firstTurn = 1 << 24;

/** The end of a line in which nothing matches: the first of the turns. */
const plainTurn: Turn = { next: 0, isEnd: true, matched: [] };

/** The states that patterns can be in, found as they are needed, and the table of what each column makes of each. */
export class States {
  /**
   * By state and column the next state, where that is not negative. The complement of what is negative is the index of the entry
   * itself as long as nobody has been there, or a turn.
   */
  table: Int32Array;
  /** It should be renewed before it is used on. */
  isFull = false;
  /** Too many states would be needed, as for "a, and fifty characters later b": it should not be used any more. */
  isExhausted = false;
  /** The beginning of a line; states are indices of their first entry. */
  readonly start = 0;
  /** What stands in the table for `plainTurn`. */
  readonly plainEnd = ~firstTurn;
  readonly #ways: WaysOfAll;
  readonly #maxStates: number;
  readonly #maxWays: number;
  readonly #known = new Map<number, number[]>();
  #waysOf: Ways[] = [];
  #turns: Turn[] = [];
  #count = 0;
  #work = 0;
  readonly #maxWork: number;

  constructor(programs: readonly Program[], { maxTableBytes, maxWays, maxWork }: Limits = usualLimits) {
    this.#ways = new WaysOfAll(programs);
    this.#maxStates = Math.max(2 * spare, maxTableBytes / 4 / columns);
    this.#maxWays = maxWays;
    this.#maxWork = maxWork;
    this.table = new Int32Array(2 * spare * columns);
    this.#clear();
  }

  /** What a negative entry of the table means. */
  turnOf(entry: number): Turn {
    const code = ~entry;
    if (code >= firstTurn) return this.#turns[code - firstTurn] ?? plainTurn;
    const column = code % columns;
    return this.#find(code - column, column);
  }

  /** So much is going to be scanned. */
  earn(bytes: number): void {
    this.#work = Math.max(0, this.#work - workPerByte * bytes);
  }

  /** Forgets all states but some, and says what they are now. */
  renew(states: readonly number[]): number[] {
    const kept = states.map((state) => (state === restState ? undefined : this.#waysAt(state)));
    this.#clear();
    return kept.map((ways) => (ways ? this.#stateOf(ways) : restState));
  }

  /** Finds what a symbol makes of a state, and notes it for all columns of the symbol. */
  #find(state: number, column: number): Turn {
    const { ofColumn } = this.#ways.alphabet;
    const symbol = ofColumn[column] ?? 0;
    const turn = this.#turn(state, symbol);
    const isPlain = turn.matched?.length === 0;
    const entry = !isPlain ? ~(firstTurn + this.#turns.push(turn) - 1) : turn.isEnd ? this.plainEnd : turn.next;
    for (let each = 0; each < columns; each++) if (ofColumn[each] === symbol) this.table[state + each] = entry;
    return turn;
  }

  #turn(state: number, symbol: number): Turn {
    const { end, unclean } = this.#ways.alphabet;
    const ways = this.#waysAt(state);
    this.#work += workPerTurn + ways.length;
    this.isExhausted ||= this.#work > this.#maxWork;
    if (symbol === end) return { next: this.start, isEnd: true, matched: this.#ways.end(ways) };
    if (symbol === unclean) return { next: restState, isEnd: false, matched: undefined };
    const { ways: next, matched } = this.#ways.step(ways, symbol);
    return { next: this.#stateOf(next), isEnd: false, matched };
  }

  #waysAt(state: number): Ways {
    return this.#waysOf[state / columns] ?? this.#ways.start;
  }

  #stateOf(ways: Ways): number {
    const hash = hashOf(ways);
    const alike = this.#known.get(hash) ?? [];
    const known = alike.find((state) => areSame(this.#waysAt(state), ways));
    if (known !== undefined) return known;
    const state = this.#add(ways);
    this.#known.set(hash, [...alike, state]);
    return state;
  }

  #add(ways: Ways): number {
    const state = this.#waysOf.push(ways) * columns - columns;
    if (state + columns > this.table.length) {
      const table = new Int32Array(2 * this.table.length);
      table.set(this.table);
      this.table = table;
    }
    for (let column = 0; column < columns; column++) this.table[state + column] = ~(state + column);
    this.#count += ways.length;
    this.isFull = this.#waysOf.length + spare > this.#maxStates || this.#count > this.#maxWays;
    return state;
  }

  #clear(): void {
    this.#known.clear();
    this.#waysOf = [];
    this.#turns = [plainTurn];
    this.#count = 0;
    this.#known.set(hashOf(this.#ways.start), [this.#add(this.#ways.start)]);
    const rest = this.#add(new Int32Array());
    this.table.fill(rest, rest, rest + columns);
    this.table[rest + endColumn] = this.plainEnd;
  }
}

function hashOf(ways: Ways): number {
  let hash = 0x811c9dc5;
  for (const way of ways) hash = Math.imul(hash ^ way, 0x01000193);
  return hash;
}

function areSame(one: Ways, other: Ways): boolean {
  return one.length === other.length && one.every((way, at) => way === other[at]);
}
