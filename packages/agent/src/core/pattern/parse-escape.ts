import { charsOf, digits, negated, spaces, wordChars, type CharSet } from "./char-set.js";
import type { Cursor } from "./cursor.js";

/** What a backslash makes of what follows it, inside of a class and outside; the cursor is behind the backslash. */
export function parseEscape(cursor: Cursor): CharSet {
  const at = cursor.at - 1;
  if (cursor.isAtEnd) cursor.refuse("A backslash ends the pattern; for one of the text write two", at);
  const char = cursor.take();
  const set = sets[char];
  if (set) return set;
  const control = controls[char];
  if (control !== undefined) return charsOf(control);
  if (char === "x" || char === "u") return charsOf(String.fromCharCode(parseHex(cursor, char, at)));
  if (char === "c") return charsOf(parseControl(cursor, at));
  if (char === "0" && !/[0-9]/.test(cursor.next)) return charsOf("\0");
  if (/[A-Za-z0-9]/.test(char)) cursor.refuse(hints[char] ?? `\\${char} has no meaning`, at);
  return charsOf(char);
}

const sets: Readonly<Record<string, CharSet>> = {
  d: digits,
  D: negated(digits),
  s: spaces,
  S: negated(spaces),
  w: wordChars,
  W: negated(wordChars),
};

const controls: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f", v: "\v" };

const noBackreference = "A backreference cannot be matched in linear time; write what is to come again once more";
const noProperty = "Properties of characters are not known; write the ranges, like [a-zà-ÿ]";

/** What to write instead of what others know. */
const hints: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Array.from("123456789k").map((char) => [char, noBackreference])),
  "0": "Octal numbers are not known; write \\x and two hexadecimal digits",
  p: noProperty,
  P: noProperty,
  A: "\\A is not known; write ^",
  z: "\\z is not known; write $",
  Z: "\\Z is not known; write $",
  h: "\\h is not known; write [ \\t]",
  b: "\\b is not known here",
  B: "\\B is not known here",
};

function parseHex(cursor: Cursor, char: "x" | "u", at: number): number {
  const [, hex] = cursor.match(char === "x" ? /([0-9A-Fa-f]{2})/y : /([0-9A-Fa-f]{4})/y) ?? [];
  if (hex === undefined) cursor.refuse(`\\${char} needs ${char === "x" ? "two" : "four"} hexadecimal digits`, at);
  return parseInt(hex, 16);
}

function parseControl(cursor: Cursor, at: number): string {
  const [letter] = cursor.match(/[A-Za-z]/y) ?? cursor.refuse("\\c needs a letter", at);
  return String.fromCharCode(letter.charCodeAt(0) % 32);
}
