import { firstBeyondAscii, maxCodeUnit, setOf, type CharSet, type Range } from "./char-set.js";

/** A set with all that differs from its members in letter case alone, as JavaScript takes it without the flag `u`. */
export function ignoringCase(set: CharSet): CharSet {
  return setOf([...set, ...set.flatMap(asciiCounterparts), ...counterpartsBeyondAscii(set)]);
}

/** Distance between `A` and `a`. */
const betweenCases = 0x20;

/** ASCII is by itself: nothing beyond it is ever taken for one of its letters. */
function asciiCounterparts([from, to]: Range): Range[] {
  const shifted = (first: string, last: string, by: number): Range[] => {
    const [low, high] = [Math.max(from, first.charCodeAt(0)), Math.min(to, last.charCodeAt(0))];
    return low <= high ? [[low + by, high + by]] : [];
  };
  return [...shifted("A", "Z", betweenCases), ...shifted("a", "z", -betweenCases)];
}

function counterpartsBeyondAscii(set: CharSet): Range[] {
  const beyond = set.flatMap(([from, to]): Range[] =>
    to < firstBeyondAscii ? [] : [[Math.max(from, firstBeyondAscii), to]],
  );
  const count = beyond.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  if (count === 0 || count === maxCodeUnit + 1 - firstBeyondAscii) return []; // There is nothing to add.
  const found: Range[] = [];
  for (const [from, to] of beyond)
    for (let unit = from; unit <= to; unit++)
      for (const other of families().get(upperOf(unit)) ?? []) found.push([other, other]);
  return found;
}

let known: Map<number, number[]> | undefined;

/** Which code units beyond ASCII have one upper case. Made when a pattern needs it for the first time. */
function families(): Map<number, number[]> {
  if (known) return known;
  known = new Map();
  for (let unit = firstBeyondAscii; unit <= maxCodeUnit; unit++) {
    const upper = upperOf(unit);
    if (upper === unit) continue;
    const family = known.get(upper);
    if (family) family.push(unit);
    else known.set(upper, [upper, unit]);
  }
  return known;
}

function upperOf(unit: number): number {
  const upper = String.fromCharCode(unit).toUpperCase();
  const first = upper.charCodeAt(0);
  return upper.length === 1 && first >= firstBeyondAscii ? first : unit;
}
