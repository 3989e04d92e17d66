import { charsOf, setOf, type CharSet } from "./char-set.js";
import type { Cursor } from "./cursor.js";
import { parseEscape } from "./parse-escape.js";

/** The members of a class like `[a-z_]`; the cursor is behind `[` or `[^`. */
export function parseClass(cursor: Cursor, openedAt: number): CharSet {
  const members: CharSet[] = [];
  while (!cursor.skip("]")) {
    const at = cursor.at;
    const first = parseMember(cursor, openedAt);
    if (cursor.next !== "-" || cursor.text[cursor.at + 1] === "]") {
      members.push(first);
      continue;
    }
    cursor.take();
    const last = parseMember(cursor, openedAt);
    const [from, to] = [onlyOf(first), onlyOf(last)];
    // Beside a set like \d the hyphen stands for itself.
    if (from === undefined || to === undefined) members.push(first, charsOf("-"), last);
    else if (from <= to) members.push([[from, to]]);
    else cursor.refuse("The range ends before it begins", at);
  }
  return setOf(members.flat());
}

function parseMember(cursor: Cursor, openedAt: number): CharSet {
  if (cursor.isAtEnd) cursor.refuse("[ is not closed; for a bracket of the text write \\[", openedAt);
  if (cursor.skip("\\b")) return charsOf("\b");
  return cursor.skip("\\") ? parseEscape(cursor) : charsOf(cursor.take());
}

function onlyOf(set: CharSet): number | undefined {
  const [range] = set;
  return set.length === 1 && range && range[0] === range[1] ? range[0] : undefined;
}
