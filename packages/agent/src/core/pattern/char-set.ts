/** UTF-16 code units, as ranges with both of their ends, in order and apart from each other. */
export type CharSet = readonly Range[];
export type Range = readonly [from: number, to: number];

export const maxCodeUnit = 0xffff;

/** The first code unit that is not ASCII. */
export const firstBeyondAscii = 0x80;

export function setOf(ranges: readonly Range[]): CharSet {
  const united: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([one], [other]) => one - other)) {
    const last = united.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else united.push([from, to]);
  }
  return united;
}

export function charsOf(text: string): CharSet {
  return setOf(Array.from({ length: text.length }, (_, at) => [text.charCodeAt(at), text.charCodeAt(at)]));
}

export function negated(set: CharSet): CharSet {
  const others: Range[] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (next < from) others.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= maxCodeUnit) others.push([next, maxCodeUnit]);
  return others;
}

export function has(set: CharSet, unit: number): boolean {
  let [low, high] = [0, set.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = set[middle] ?? [0, -1];
    if (unit < from) high = middle - 1;
    else if (unit > to) low = middle + 1;
    else return true;
  }
  return false;
}

const between = (from: string, to: string): Range => [from.charCodeAt(0), to.charCodeAt(0)];

export const digits: CharSet = setOf([between("0", "9")]);
export const wordChars: CharSet = setOf([between("0", "9"), between("A", "Z"), between("_", "_"), between("a", "z")]);
/** What JavaScript takes for white space. */
export const spaces: CharSet = setOf([
  ...charsOf(" \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"),
  between("\u2000", "\u200a"),
]);
export const lineEnds: CharSet = charsOf("\n\r\u2028\u2029");
