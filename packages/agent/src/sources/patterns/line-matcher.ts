import { own } from "@ostler/protocol";
import type { LogPattern, WantedField } from "../../config/logs/log-pattern.js";
import { isAtLeast } from "../../core/line-format/level.js";
import type { LineInfo } from "../../core/line-format/line-info.js";
import { Pattern, type PatternMatch } from "../../core/pattern/pattern.js";
import { PatternSet, type Found as FoundExpression } from "../../core/pattern/pattern-set.js";

/** A line, or a record of several, that matches a pattern. */
export type Found = {
  pattern: LogPattern;
  text: string;
  captures: Readonly<Record<string, string>>;
  info: () => LineInfo;
  /** What a named group found, or what the field of the line has. */
  valueOf: (name: string) => string | number | boolean | undefined;
};

type Wanted = {
  pattern: LogPattern;
  /** Of which one must match. */
  alternatives: Pattern[];
  fields: [name: string, isWanted: (value: string | number | boolean) => boolean][];
  /** Whether what matches is told by the expressions alone. */
  needsInfo: boolean;
};

/** Finds which patterns the lines of a source match: all expressions at once, the fields only of lines that may be meant. */
export class LineMatcher {
  readonly #wanted: Wanted[];
  readonly #set: PatternSet;
  /** Of each expression of the set, whose it is. */
  readonly #owners: Wanted[];
  readonly #understand: (text: string) => LineInfo;

  constructor(patterns: readonly LogPattern[], understand: (text: string) => LineInfo) {
    this.#wanted = patterns.map(wantedOf);
    this.#owners = this.#wanted.flatMap((its) => its.alternatives.map(() => its));
    this.#set = new PatternSet(this.#wanted.flatMap(({ alternatives }) => alternatives));
    this.#understand = understand;
  }

  /** Looks at whole lines, and tells each match with where its line is. Returns how many lines there were. */
  scan(bytes: Uint8Array, tell: (found: Found, line: { start: number; end: number }) => void): number {
    return this.#set.scan(bytes, ({ start, end, text, found }) => {
      for (const its of this.#verified(text, found)) tell(its, { start, end });
    });
  }

  /** The matches of a record that has several lines. */
  matchesOf(record: string): Found[] {
    return this.#verified(record, this.#set.find(record));
  }

  /** Which patterns, by name, have given up a line since this was asked last. */
  takeGivenUp(): string[] {
    return this.#set.takeGivenUp().flatMap((index) => this.#owners[index]?.pattern.name ?? []);
  }

  /** Of several alternatives that match, the first counts. */
  #verified(text: string, found: readonly FoundExpression[]): Found[] {
    const all: Found[] = [];
    let last: Wanted | undefined;
    for (const { index, match } of found) {
      const wanted = this.#owners[index];
      if (!wanted || wanted === last) continue;
      const its = this.#verify(wanted, text, match);
      if (!its) continue;
      last = wanted;
      all.push(its);
    }
    return all;
  }

  #verify({ pattern, fields, needsInfo }: Wanted, text: string, match: PatternMatch): Found | undefined {
    let known: LineInfo | undefined;
    const info = (): LineInfo => (known ??= this.#understand(text));
    if (needsInfo) {
      const { fields: its, level } = info();
      if (pattern.level !== undefined && !(level && isAtLeast(level, pattern.level))) return undefined;
      for (const [name, isWanted] of fields) {
        const value = own(its, name);
        if (value === undefined || !isWanted(value)) return undefined;
      }
    }
    const captures: Record<string, string> = {};
    for (const [name, value] of Object.entries(match.groups)) if (value !== undefined) captures[name] = value;
    return {
      pattern,
      text,
      captures,
      info,
      valueOf: (name) => own(captures, name) ?? own(info().fields, name),
    };
  }
}

function wantedOf(pattern: LogPattern): Wanted {
  const { match, fields, level, case_sensitive: caseSensitive } = pattern;
  const texts = match ?? [hintOf(fields)];
  return {
    pattern,
    alternatives: texts.map((text) => Pattern.parse(text, { caseSensitive })),
    fields: Object.entries(fields).map(([name, wanted]) => [name, isWantedOf(wanted)]),
    needsInfo: level !== undefined || Object.keys(fields).length > 0,
  };
}

/**
 * An expression for lines whose fields may be wanted: a value that is plain text stands in the line as it is, however it is
 * formatted. Any line may be meant where there is no such value.
 */
function hintOf(fields: LogPattern["fields"]): string {
  const hints = Object.values(fields).flatMap((wanted) => {
    if (!("any" in wanted)) return [];
    const words = wanted.any.map(String);
    return words.every((word) => /^[\w.:-]+$/.test(word)) ? [words] : [];
  });
  const [best] = hints.sort((one, other) => shortest(other) - shortest(one));
  return best ? best.map((word) => word.replaceAll(".", "\\.")).join("|") : "";
}

function shortest(words: readonly string[]): number {
  return Math.min(...words.map((word) => word.length));
}

function isWantedOf(wanted: WantedField): (value: string | number | boolean) => boolean {
  if ("any" in wanted) {
    const words = new Set(wanted.any.map((one) => String(one).toLowerCase()));
    return (value) => words.has(String(value).toLowerCase());
  }
  const { at_least: least = -Infinity, below = Infinity, match } = wanted;
  const isNumber = wanted.at_least !== undefined || wanted.below !== undefined;
  const pattern = match === undefined ? undefined : Pattern.parse(match);
  return (value) => {
    if (pattern && !pattern.test(String(value))) return false;
    if (!isNumber) return true;
    const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
    return number >= least && number < below;
  };
}
