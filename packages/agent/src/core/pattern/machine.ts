import { firstBeyondAscii, has, lineEnds, wordChars, type CharSet } from "./char-set.js";
import { ops, type Program } from "./program.js";

/**
 * Finds where a pattern matches a text, and what its groups captured, as JavaScript's own engine would, but in linear time: it
 * follows all ways at once, the preferred ones first, and takes no character twice in the same place of the program.
 */
export class Machine {
  /** How much work was done; a test holds it against the length of the text. */
  steps = 0;
  /** It stopped before the end of the text because it had no steps left. */
  gaveUp = false;
  readonly #program: Program;
  readonly #first: First;
  /** Of each set which characters of ASCII are in it. */
  readonly #ascii: Uint8Array;
  /** When a place was last come by: twice of each, since it matters whether the loop around it has taken something. */
  readonly #seen: Float64Array;
  #now: Threads;
  #next: Threads;
  /** Bounds of the way that is followed. */
  readonly #bounds: Int32Array;
  readonly #stack: number[] = [];
  #text = "";
  #turn = 0;

  constructor(program: Program) {
    const { op, bounds, sets } = program;
    this.#program = program;
    this.#first = firstOf(program);
    this.#ascii = asciiOf(sets);
    this.#seen = new Float64Array(2 * op.length);
    this.#now = newThreads(op.length, bounds);
    this.#next = newThreads(op.length, bounds);
    this.#bounds = new Int32Array(bounds);
  }

  /** The bounds of the first match and its groups, -1 where a group has none; nothing without a match, or when it gives up. */
  run(text: string, maxSteps = Infinity): Int32Array | undefined {
    const lastStep = this.steps + maxSteps;
    this.gaveUp = false;
    this.#text = text;
    this.#now.count = 0;
    this.#turn++;
    let found: Int32Array | undefined;
    for (let at = 0; at <= text.length; at++) {
      if (!found && this.#now.count === 0) at = this.#skip(at);
      if (at > text.length) break;
      if (!found && (at === 0 || !this.#first.isAnchored)) {
        this.#bounds.fill(-1);
        this.#follow(0, at, this.#now);
      }
      if (this.#now.count === 0) {
        if (found || this.#first.isAnchored) break;
        this.#turn++;
        continue;
      }
      found = this.#advance(at) ?? found;
      this.gaveUp = this.steps > lastStep;
      if (this.gaveUp) break;
    }
    this.#text = "";
    return this.gaveUp ? undefined : found;
  }

  /** The next place where a match may begin; beyond the end when there is none. */
  #skip(from: number): number {
    const { ascii, beyondAscii, isAnchored } = this.#first;
    if (!ascii || isAnchored) return from;
    let at = from;
    for (; at < this.#text.length; at++) {
      const unit = this.#text.charCodeAt(at);
      if (unit < firstBeyondAscii ? ascii[unit] === 1 : beyondAscii) break;
    }
    this.steps += at - from;
    if (at > from) this.#turn++;
    return at < this.#text.length ? at : this.#text.length + 1;
  }

  /** Takes the character at `at` in each place. The match that was come by, unless a preferred way goes on. */
  #advance(at: number): Int32Array | undefined {
    const { op, x, bounds } = this.#program;
    const now = this.#now;
    const next = this.#next;
    const unit = at < this.#text.length ? this.#text.charCodeAt(at) : -1;
    let found: Int32Array | undefined;
    next.count = 0;
    this.#turn++;
    for (let each = 0; each < now.count; each++) {
      const place = now.places[each] ?? 0;
      if (op[place] === ops.match) {
        found = now.bounds.slice(each * bounds, (each + 1) * bounds);
        break; // The ways after this one are less preferred.
      }
      if (unit < 0 || !this.#takes(x[place] ?? 0, unit)) continue;
      for (let bound = 0; bound < bounds; bound++) this.#bounds[bound] = now.bounds[each * bounds + bound] ?? -1;
      if (op[place + 1] === ops.char) this.#await(place + 1, 1, next);
      else this.#follow(place + 1, at + 1, next);
    }
    this.steps += now.count;
    this.#now = next;
    this.#next = now;
    return found;
  }

  #takes(set: number, unit: number): boolean {
    return unit < firstBeyondAscii
      ? this.#ascii[set * firstBeyondAscii + unit] === 1
      : has(this.#program.sets[set] ?? [], unit);
  }

  /** Goes on until a character is to be taken, or the match is complete, on all ways, the preferred one first. */
  #follow(from: number, at: number, into: Threads): void {
    const { op, x, y } = this.#program;
    const stack = this.#stack;
    stack.push(2 * from + 1);
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top < 0) {
        this.#bounds[~top] = stack.pop() ?? -1; // This way is at its end, and so is what it has noted.
        continue;
      }
      let hasTaken = top & 1;
      for (let place = top >> 1; place >= 0;) {
        const key = 2 * place + hasTaken;
        if (op[place] === ops.char || op[place] === ops.match) {
          this.#await(place, hasTaken, into);
          break;
        }
        if (this.#seen[key] === this.#turn) break;
        this.#seen[key] = this.#turn;
        this.steps++;
        switch (op[place]) {
          case ops.split:
            stack.push(2 * (y[place] ?? 0) + hasTaken);
            place = x[place] ?? 0;
            break;
          case ops.jump:
            place = x[place] ?? 0;
            break;
          case ops.save:
            this.#note(x[place] ?? 0, at);
            place++;
            break;
          case ops.forget:
            for (let bound = x[place] ?? 0; bound < (y[place] ?? 0); bound++) this.#note(bound, -1);
            place++;
            break;
          case ops.enter:
            hasTaken = 0;
            place++;
            break;
          case ops.leave:
            place = hasTaken === 1 ? place + 1 : -1;
            break;
          default:
            place = this.#holds(place, at) ? place + 1 : -1;
        }
      }
    }
  }

  /** What comes after a character has taken something in any case: so it does not matter whether this way has. */
  #await(place: number, hasTaken: number, into: Threads): void {
    const key = 2 * place + hasTaken;
    if (this.#seen[key] === this.#turn || this.#seen[key ^ 1] === this.#turn) return;
    this.#seen[key] = this.#turn;
    this.steps++;
    const { bounds } = this.#program;
    const first = into.count * bounds;
    for (let bound = 0; bound < bounds; bound++) into.bounds[first + bound] = this.#bounds[bound] ?? -1;
    into.places[into.count++] = place;
  }

  #note(bound: number, at: number): void {
    const before = this.#bounds[bound] ?? -1;
    if (before === at) return;
    this.#stack.push(before, ~bound);
    this.#bounds[bound] = at;
  }

  #holds(place: number, at: number): boolean {
    const { op, x } = this.#program;
    const text = this.#text;
    const ofLines = x[place] === 1;
    switch (op[place]) {
      case ops.start:
        return at === 0 || (ofLines && has(lineEnds, text.charCodeAt(at - 1)));
      case ops.end:
        return at === text.length || (ofLines && has(lineEnds, text.charCodeAt(at)));
      default:
        return (isWordAt(text, at - 1) !== isWordAt(text, at)) === ofLines;
    }
  }
}

/** Places of the program where a character is awaited, the preferred one first, and the bounds that led there. */
type Threads = { count: number; places: Int32Array; bounds: Int32Array };

function newThreads(places: number, bounds: number): Threads {
  return { count: 0, places: new Int32Array(places), bounds: new Int32Array(places * bounds) };
}

/** What a match can begin with; without `ascii` it may be empty, or nothing is known. */
type First = { isAnchored: boolean; ascii?: Uint8Array; beyondAscii: boolean };

function firstOf(program: Program): First {
  const { op, x, sets } = program;
  const ascii = new Uint8Array(firstBeyondAscii);
  const begins = reachable(program, { beyondStart: true });
  for (const place of begins)
    for (const [from, to] of op[place] === ops.char ? (sets[x[place] ?? 0] ?? []) : []) ascii.fill(1, from, to + 1);
  const mayBeEmpty = begins.some((place) => op[place] === ops.match);
  const beyondAscii = begins.some((place) => (sets[x[place] ?? 0]?.at(-1)?.[1] ?? 0) >= firstBeyondAscii);
  const isAnchored = reachable(program, { beyondStart: false }).length === 0;
  return { isAnchored, beyondAscii, ...(mayBeEmpty ? {} : { ascii }) };
}

/** Where the first character may be awaited, or the match be complete. */
function reachable({ op, x, y }: Program, { beyondStart }: { beyondStart: boolean }): number[] {
  const seen = new Set<number>();
  const open = [0];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const [operation, to = 0] = [op[place], x[place]];
    if (operation === ops.split) open.push(to, y[place] ?? 0);
    else if (operation === ops.jump) open.push(to);
    else if (operation === ops.start && to === 0 && !beyondStart) continue;
    else if (operation !== ops.char && operation !== ops.match) open.push(place + 1);
  }
  return [...seen].filter((place) => op[place] === ops.char || op[place] === ops.match);
}

function asciiOf(sets: readonly CharSet[]): Uint8Array {
  const ascii = new Uint8Array(sets.length * firstBeyondAscii);
  for (const [at, set] of sets.entries())
    for (let unit = 0; unit < firstBeyondAscii; unit++) if (has(set, unit)) ascii[at * firstBeyondAscii + unit] = 1;
  return ascii;
}

function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && has(wordChars, text.charCodeAt(at));
}
