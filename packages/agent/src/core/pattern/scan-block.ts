import { endColumn } from "./alphabet.js";
import type { States } from "./states.js";

/** Places of a block where something was found, in order, and the patterns that have matched there; nothing where a line is unclean. */
export type Finds = { lines: number; at: number[]; matched: (readonly number[] | undefined)[] };

/** Below this many bytes nothing is gained by going through several parts at once. */
const minBytesForParts = 4096;

const newline = endColumn;

/**
 * Goes through a block of lines. Each step needs the state before it, and a processor would mostly wait for it: so three
 * parts of the block are gone through side by side, which takes half the time. Nothing when the states are exhausted.
 */
export function scanBlock(states: States, block: Uint8Array): Finds | undefined {
  states.earn(block.length);
  const bounds = partsOf(block);
  const parts: Parts<Finds> = [newFinds(), newFinds(), newFinds()];
  const [, begin2, begin3, end] = bounds;
  const shared = Math.min(begin2, begin3 - begin2, end - begin3);
  const held = scanTogether(states, block, [begin2, begin3, shared], parts);
  for (const [part, finds] of parts.entries())
    scanRest(states, block, { from: (bounds[part] ?? 0) + shared, to: bounds[part + 1] ?? 0 }, held, part, finds);
  if (states.isExhausted) return undefined;
  // A last line without an end is a line, too.
  if (block.length > 0 && block.at(-1) !== newline)
    turn(states, states.table[held[2] + endColumn] ?? states.plainEnd, end, parts[2]);
  return {
    lines: parts.reduce((sum, { lines }) => sum + lines, 0),
    at: parts.flatMap(({ at }) => at),
    matched: parts.flatMap(({ matched }) => matched),
  };
}

type Parts<T> = [T, T, T];

/** The first `shared` bytes of each part. Returns the states that come after them. */
function scanTogether(
  states: States,
  block: Uint8Array,
  [begin2, begin3, shared]: Parts<number>,
  [one, two, three]: Parts<Finds>,
): Parts<number> {
  const { plainEnd, start } = states;
  let { table } = states;
  let [s1, s2, s3] = [start, start, start];
  for (let at = 0; at < shared; at++) {
    s1 = table[s1 + (block[at] ?? 0)] ?? 0;
    s2 = table[s2 + (block[begin2 + at] ?? 0)] ?? 0;
    s3 = table[s3 + (block[begin3 + at] ?? 0)] ?? 0;
    if ((s1 | s2 | s3) >= 0) continue;
    if (s1 < 0) s1 = s1 === plainEnd ? over(one, start) : turn(states, s1, at, one);
    if (s2 < 0) s2 = s2 === plainEnd ? over(two, start) : turn(states, s2, begin2 + at, two);
    if (s3 < 0) s3 = s3 === plainEnd ? over(three, start) : turn(states, s3, begin3 + at, three);
    if (states.isExhausted) break;
    if (states.isFull) [s1 = start, s2 = start, s3 = start] = states.renew([s1, s2, s3]);
    table = states.table;
  }
  return [s1, s2, s3];
}

function newFinds(): Finds {
  return { lines: 0, at: [], matched: [] };
}

/** Where each of three parts begins, and the end; a part is whole lines, or nothing. All is in the last one where there is little. */
export function partsOf(block: Uint8Array): [number, number, number, number] {
  const end = block.length;
  if (end < minBytesForParts) return [0, 0, 0, end];
  const lineFrom = (at: number): number => block.indexOf(newline, at) + 1 || end;
  return [0, lineFrom(Math.floor(end / 3)), lineFrom(Math.floor((end / 3) * 2)), end];
}

/** What is left of a part. The states of the others are held meanwhile. */
function scanRest(
  states: States,
  block: Uint8Array,
  { from, to }: { from: number; to: number },
  held: Parts<number>,
  part: number,
  finds: Finds,
): void {
  let { table } = states;
  let state = held[part] ?? states.start;
  for (let at = from; at < to; at++) {
    state = table[state + (block[at] ?? 0)] ?? 0;
    if (state >= 0) continue;
    state = state === states.plainEnd ? over(finds, states.start) : turn(states, state, at, finds);
    held[part] = state;
    if (states.isExhausted) return;
    if (states.isFull) for (const [each, renewed] of states.renew(held).entries()) held[each] = renewed;
    state = held[part] ?? states.start;
    table = states.table;
  }
  held[part] = state;
}

function over(finds: Finds, start: number): number {
  finds.lines++;
  return start;
}

function turn(states: States, entry: number, at: number, finds: Finds): number {
  const { next, isEnd, matched } = states.turnOf(entry);
  if (isEnd) finds.lines++;
  if (matched?.length !== 0) {
    finds.at.push(at);
    finds.matched.push(matched);
  }
  return next;
}
