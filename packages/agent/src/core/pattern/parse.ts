import { charsOf, lineEnds, negated, type CharSet } from "./char-set.js";
import { Cursor } from "./cursor.js";
import { ignoringCase } from "./fold-case.js";
import { parseClass } from "./parse-class.js";
import { parseEscape } from "./parse-escape.js";
import type { Node, Syntax } from "./syntax.js";

/**
 * Reads a pattern: JavaScript's regular expressions without flags, on UTF-16 code units, without what cannot be matched in linear
 * time, and without escapes of letters that mean nothing. Throws an OstlerError that says what is wrong, and where.
 */
export function parse(text: string, { ignoreCase }: { ignoreCase: boolean }): Syntax {
  const reading: Reading = { cursor: new Cursor(text), ignoreCase, groups: [], depth: 0 };
  const root = parseChoice(reading);
  if (!reading.cursor.isAtEnd) reading.cursor.refuse(") closes nothing; for one of the text write \\)");
  return { root, groups: reading.groups };
}

type Reading = { cursor: Cursor; ignoreCase: boolean; groups: (string | undefined)[]; depth: number };

/** Groups within groups beyond this are a mistake, or meant to exhaust the stack. */
const maxDepth = 200;

/** A count makes so many copies of what it counts; whoever needs more is better served by any number. */
const maxCopies = 1000;

function parseChoice(reading: Reading): Node {
  const { cursor } = reading;
  if (++reading.depth > maxDepth) cursor.refuse(`More than ${maxDepth} groups stand within each other`);
  const options = [parseSequence(reading)];
  while (cursor.skip("|")) options.push(parseSequence(reading));
  reading.depth--;
  return options.length === 1 && options[0] ? options[0] : { is: "choice", options };
}

function parseSequence(reading: Reading): Node {
  const { cursor } = reading;
  const parts: Node[] = [];
  while (!cursor.isAtEnd && cursor.next !== "|" && cursor.next !== ")") {
    parts.push(parseAssertion(cursor) ?? parseRepeat(cursor, parseAtom(reading)));
  }
  return parts.length === 1 && parts[0] ? parts[0] : { is: "sequence", parts };
}

function parseAtom(reading: Reading): Node {
  const { cursor } = reading;
  const { at } = cursor;
  if (parseCount(cursor)) cursor.refuse("There is nothing to repeat; for the character itself write \\ before it", at);
  if (cursor.skip("(")) return parseGroup(reading, at);
  if (cursor.skip("[")) {
    const isNegated = cursor.skip("^");
    const members = cased(reading, parseClass(cursor, at));
    return { is: "char", set: isNegated ? negated(members) : members };
  }
  if (cursor.skip(".")) return { is: "char", set: negated(lineEnds) };
  if (cursor.skip("\\")) return { is: "char", set: cased(reading, parseEscape(cursor)) };
  return { is: "char", set: cased(reading, charsOf(cursor.take())) };
}

function cased({ ignoreCase }: Reading, set: CharSet): CharSet {
  return ignoreCase ? ignoringCase(set) : set;
}

function parseAssertion(cursor: Cursor): Node | undefined {
  if (cursor.skip("^")) return { is: "assertion", what: "start" };
  if (cursor.skip("$")) return { is: "assertion", what: "end" };
  if (cursor.skip("\\b")) return { is: "assertion", what: "word" };
  if (cursor.skip("\\B")) return { is: "assertion", what: "not-word" };
  return undefined;
}

function parseRepeat(cursor: Cursor, body: Node): Node {
  const { at } = cursor;
  const count = parseCount(cursor);
  if (!count) return body;
  const [min, max] = count;
  if (max < min) cursor.refuse("The count ends before it begins", at);
  if (min > maxCopies || (max > maxCopies && max !== Infinity))
    cursor.refuse(`Counts go up to ${maxCopies}; for any number write * or {${Math.min(min, maxCopies)},}`, at);
  return { is: "repeat", body, min, max, lazy: cursor.skip("?") };
}

function parseCount(cursor: Cursor): [min: number, max: number] | undefined {
  if (cursor.skip("*")) return [0, Infinity];
  if (cursor.skip("+")) return [1, Infinity];
  if (cursor.skip("?")) return [0, 1];
  // What is not exactly this stands for itself, as in JavaScript.
  const [count, min, comma, max] = cursor.match(/\{(\d+)(,?)(\d*)\}/y) ?? [];
  if (count === undefined) return undefined;
  if (comma === "" && max !== "") return undefined;
  return [Number(min), comma === "" ? Number(min) : max === "" ? Infinity : Number(max)];
}

function parseGroup(reading: Reading, openedAt: number): Node {
  const { cursor, groups } = reading;
  const isOpen = cursor.skip("?:");
  const name = isOpen ? undefined : parseName(cursor, openedAt);
  if (name !== undefined && groups.includes(name)) cursor.refuse(`There are two groups ${name}`, openedAt);
  if (!isOpen) groups.push(name);
  const index = groups.length;
  const body = parseChoice(reading);
  if (!cursor.skip(")")) cursor.refuse("( is not closed; for one of the text write \\(", openedAt);
  return isOpen ? body : { is: "group", index, body };
}

/** The name in `(?<name>…)`; nothing where a group has none. */
function parseName(cursor: Cursor, openedAt: number): string | undefined {
  if (cursor.next !== "?") return undefined;
  const name = cursor.match(/\?<([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)>/uy)?.[1];
  if (name !== undefined) return name;
  const [, refusal = "(? must go on as (?:…) or (?<name>…)"] =
    refusedGroups.find(([begin]) => begin.test(cursor.text.slice(openedAt))) ?? [];
  return cursor.refuse(refusal, openedAt);
}

const refusedGroups: readonly (readonly [RegExp, string])[] = [
  [
    /^\(\?[=!]/,
    "A lookahead cannot be matched in linear time; look for a second pattern instead, or take in what comes",
  ],
  [/^\(\?<[=!]/, "A lookbehind cannot be matched in linear time; take in what goes before, and capture what is wanted"],
  [/^\(\?P[<=]/, "(?P is not known; write (?<name>…)"],
  [/^\(\?[a-z-]+[:)]/, "Flags are not known; whether letter case counts is said beside the pattern"],
  [/^\(\?>/, "(?> is not needed; nothing is tried twice, write (?:…)"],
];
