import { firstBeyondAscii, has, type CharSet } from "./char-set.js";

/** Characters that no pattern tells apart are one symbol; there are few of these. */
export type Alphabet = {
  /** How many symbols there are. */
  size: number;
  /** The end of a line. */
  end: number;
  /** What must be cleaned off a line before it is looked at. */
  unclean: number;
  /** The symbol of all that is not ASCII, and of each byte of that in UTF-8. */
  beyondAscii: number;
  /** By column of a table: those of the bytes of a line, and then those of characters that are no such bytes. */
  ofColumn: Uint8Array;
  /** Of each set the symbols in it. */
  members: readonly Uint8Array[];
};

/** Where the end of a line is, and bytes after which it is not what one sees of it; in a text they are characters like others. */
const newline = 0x0a;
const unclean = [0x00, 0x0d, 0x1b];
const special = [newline, ...unclean];

export const columns = 256 + special.length;
export const endColumn = newline;

/** The column of each character of ASCII in a text, and one for all others. */
export const columnOfAscii: Uint16Array = Uint16Array.from({ length: firstBeyondAscii }, (_, unit) =>
  special.includes(unit) ? 256 + special.indexOf(unit) : unit,
);
export const columnBeyondAscii = firstBeyondAscii;

export function alphabetOf(sets: readonly CharSet[]): Alphabet {
  const { ofAscii, size } = asciiSymbols(sets);
  const [beyondAscii, end, dirt] = [size, size + 1, size + 2];
  const members = sets.map((set) => {
    const its = new Uint8Array(size + 3);
    for (let unit = 0; unit < firstBeyondAscii; unit++) if (has(set, unit)) its[ofAscii[unit] ?? 0] = 1;
    if ((set.at(-1)?.[1] ?? 0) >= firstBeyondAscii) its[beyondAscii] = 1;
    return its;
  });
  const ofColumn = new Uint8Array(columns).fill(beyondAscii);
  ofColumn.set(ofAscii);
  for (const [at, unit] of special.entries()) ofColumn[256 + at] = ofAscii[unit] ?? 0;
  ofColumn[newline] = end;
  for (const byte of unclean) ofColumn[byte] = dirt;
  return { size: size + 3, end, unclean: dirt, beyondAscii, ofColumn, members };
}

function asciiSymbols(sets: readonly CharSet[]): { ofAscii: Uint8Array; size: number } {
  const ofAscii = new Uint8Array(firstBeyondAscii);
  let size = 1;
  for (const set of sets) {
    const split = new Map<string, number>();
    size = 0;
    for (let unit = 0; unit < firstBeyondAscii; unit++) {
      const key = `${ofAscii[unit]}${has(set, unit)}`;
      const symbol = split.get(key) ?? size++;
      split.set(key, symbol);
      ofAscii[unit] = symbol;
    }
  }
  return { ofAscii, size };
}
