import { OstlerError } from "@ostler/protocol";
import type { CharSet } from "./char-set.js";
import { ops, type Program } from "./program.js";
import { canBeEmpty, groupsIn, type Assertion, type Node, type Syntax } from "./syntax.js";

/** A line costs as many steps as its characters times the size of the pattern: beyond this size patterns are refused. */
export const maxInstructions = 2000;

/** Makes the instructions of a pattern; throws an OstlerError when it is too large. */
export function compile({ root, groups }: Syntax, { multiline }: { multiline: boolean }): Program {
  const writing = new Writing(multiline);
  writing.add(ops.save, 0);
  write(writing, root);
  writing.add(ops.save, 1);
  writing.add(ops.match);
  return writing.program(2 + 2 * groups.length);
}

class Writing {
  readonly lineBounds: 0 | 1;
  readonly #code: [op: number, x: number, y: number][] = [];
  readonly #sets: CharSet[] = [];
  readonly #setIndex = new Map<string, number>();
  #nodes = 0;

  constructor(multiline: boolean) {
    this.lineBounds = multiline ? 1 : 0;
  }

  get at(): number {
    return this.#code.length;
  }

  add(op: number, x = 0, y = 0): number {
    return this.#code.push([op, x, y]) - 1;
  }

  /** Says of a split that one of its ways goes on here. */
  land(split: number, way: 1 | 2): void {
    const instruction = this.#code[split];
    if (instruction) instruction[way] = this.at;
  }

  indexOf(set: CharSet): number {
    const key = set.join();
    const known = this.#setIndex.get(key);
    if (known !== undefined) return known;
    this.#setIndex.set(key, this.#sets.length);
    return this.#sets.push(set) - 1;
  }

  /** Copies of nothing are counted, too. */
  count(): void {
    this.#nodes++;
    if (Math.max(this.#nodes, this.at) > maxInstructions)
      throw new OstlerError(
        "bad-request",
        `The pattern is too large: its counts make more than ${maxInstructions} steps of it. Write smaller counts, or * and +`,
      );
  }

  program(bounds: number): Program {
    return {
      op: Uint8Array.from(this.#code, ([op]) => op),
      x: Int32Array.from(this.#code, ([, x]) => x),
      y: Int32Array.from(this.#code, ([, , y]) => y),
      sets: this.#sets,
      bounds,
    };
  }
}

function write(writing: Writing, node: Node): void {
  writing.count();
  switch (node.is) {
    case "char":
      writing.add(ops.char, writing.indexOf(node.set));
      return;
    case "sequence":
      for (const part of node.parts) write(writing, part);
      return;
    case "choice":
      return writeChoice(writing, node.options);
    case "group":
      writing.add(ops.save, 2 * node.index);
      write(writing, node.body);
      writing.add(ops.save, 2 * node.index + 1);
      return;
    case "repeat":
      return writeRepeat(writing, node);
    case "assertion":
      return writeAssertion(writing, node.what);
    default:
      return node satisfies never;
  }
}

function writeChoice(writing: Writing, options: readonly Node[]): void {
  const jumps: number[] = [];
  for (const [at, option] of options.entries()) {
    if (at === options.length - 1) {
      write(writing, option);
      break;
    }
    const split = writing.add(ops.split);
    writing.land(split, 1);
    write(writing, option);
    jumps.push(writing.add(ops.jump));
    writing.land(split, 2);
  }
  for (const jump of jumps) writing.land(jump, 1);
}

/** Each round begins with its groups unset; one that need not be must take something. */
function writeRepeat(writing: Writing, { body, min, max, lazy }: Extract<Node, { is: "repeat" }>): void {
  const isLoop = max === Infinity;
  const mayBeEmpty = canBeEmpty(body);
  // Where each round takes something anyway, the last that must be is the loop itself: nested loops do not double.
  const closesItself = isLoop && min > 0 && !mayBeEmpty;
  for (let copy = 1; copy < (closesItself ? min : min + 1); copy++) writeRound(writing, body);
  const [inside, outside] = lazy ? ([2, 1] as const) : ([1, 2] as const);
  if (closesItself) {
    const begin = writing.at;
    writeRound(writing, body);
    const split = writing.add(ops.split, begin, begin);
    writing.land(split, outside);
    return;
  }
  const splits: number[] = [];
  for (let copy = min; copy < (isLoop ? min + 1 : max); copy++) {
    const split = writing.add(ops.split);
    splits.push(split);
    writing.land(split, inside);
    if (mayBeEmpty) writing.add(ops.enter);
    writeRound(writing, body);
    if (mayBeEmpty) writing.add(ops.leave);
    if (isLoop) writing.add(ops.jump, split);
  }
  for (const split of splits) writing.land(split, outside);
}

function writeRound(writing: Writing, body: Node): void {
  const groups = groupsIn(body);
  if (groups.length > 0) writing.add(ops.forget, 2 * Math.min(...groups), 2 * Math.max(...groups) + 2);
  write(writing, body);
}

function writeAssertion(writing: Writing, what: Assertion): void {
  switch (what) {
    case "start":
      writing.add(ops.start, writing.lineBounds);
      return;
    case "end":
      writing.add(ops.end, writing.lineBounds);
      return;
    case "word":
    case "not-word":
      writing.add(ops.boundary, what === "word" ? 1 : 0);
      return;
    default:
      return what satisfies never;
  }
}
