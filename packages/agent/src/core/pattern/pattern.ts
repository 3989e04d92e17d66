import { compile } from "./compile.js";
import { Filter } from "./filter.js";
import { Machine } from "./machine.js";
import { parse } from "./parse.js";
import { ops, type Program } from "./program.js";
import { requiredBy } from "./required.js";
import type { Syntax } from "./syntax.js";

export type PatternOptions = {
  /** Does it matter whether a letter is upper or lower case? It does not when absent. */
  caseSensitive?: boolean;
  /** Are `^` and `$` the ends of each line of a text? They are the ends of the text when absent. */
  multiline?: boolean;
};

export type PatternMatch = {
  start: number;
  end: number;
  text: string;
  /** What the named groups captured. */
  groups: Readonly<Record<string, string | undefined>>;
  /** What all groups captured, in their order. */
  captures: readonly (string | undefined)[];
};

/**
 * A regular expression that somebody else wrote, for text that somebody else chose: it takes time in proportion to the text, whatever
 * they are. It means what it means to JavaScript; decision 0016 says what is left out.
 */
export class Pattern {
  readonly source: string;
  readonly groupNames: readonly string[];
  readonly program: Program;
  /** In ASCII it matches exactly where a filter says that it may. */
  readonly isPlain: boolean;
  /** Texts in lower case of which each match has at least one; nothing where none is known. */
  readonly required: readonly string[] | undefined;
  readonly #groups: readonly (string | undefined)[];
  #machine: Machine | undefined;
  #filter: Filter | undefined;

  private constructor(source: string, { root, groups }: Syntax, program: Program) {
    this.source = source;
    this.program = program;
    this.isPlain = isPlain(program);
    this.required = requiredBy(root);
    this.groupNames = groups.filter((name) => name !== undefined);
    this.#groups = groups;
  }

  /** Throws an OstlerError that says what is wrong, and where, and what to write instead. */
  static parse(text: string, { caseSensitive = false, multiline = false }: PatternOptions = {}): Pattern {
    const syntax = parse(text, { ignoreCase: !caseSensitive });
    return new Pattern(text, syntax, compile(syntax, { multiline }));
  }

  /** The work that matching has taken so far: some 7 ns each. */
  get steps(): number {
    return this.#machine?.steps ?? 0;
  }

  test(text: string): boolean {
    this.#filter ??= new Filter([this.program]);
    const likely = this.#filter.find(text);
    if (likely?.length === 0) return false;
    const isSure = likely !== undefined && this.isPlain && isAscii(text);
    return isSure || this.#run(text) !== undefined;
  }

  /** The first match, and of those that begin there the preferred one. */
  exec(text: string): PatternMatch | undefined {
    this.#filter ??= new Filter([this.program]);
    return this.#filter.find(text)?.length === 0 ? undefined : this.execLikely(text);
  }

  /** The last text took more steps than it might, so that nobody knows whether it matches. */
  get gaveUp(): boolean {
    return this.#machine?.gaveUp ?? false;
  }

  /** As `exec`, for a text of which a filter has said that it may match. */
  execLikely(text: string, maxSteps?: number): PatternMatch | undefined {
    const bounds = this.#run(text, maxSteps);
    return bounds && this.#matchOf(text, bounds);
  }

  #run(text: string, maxSteps?: number): Int32Array | undefined {
    this.#machine ??= new Machine(this.program);
    return this.#machine.run(text, maxSteps);
  }

  #matchOf(text: string, bounds: Int32Array): PatternMatch {
    const [start = 0, end = 0] = bounds;
    const captures = this.#groups.map((_, at) => {
      const [from = -1, to = -1] = bounds.subarray(2 * at + 2, 2 * at + 4);
      return from < 0 || to < 0 ? undefined : text.slice(from, to);
    });
    const named = this.#groups.flatMap((name, at) => (name === undefined ? [] : [[name, captures[at]] as const]));
    return { start, end, text: text.slice(start, end), groups: Object.fromEntries(named), captures };
  }
}

const asciiOnly = /^[\0-\x7f]*$/;

export function isAscii(text: string): boolean {
  return asciiOnly.test(text);
}

/** What a filter does not look at is not in it. */
function isPlain({ op, x }: Program): boolean {
  const has = (operation: number): boolean => op.includes(operation);
  const isMultiline = op.some((operation, at) => (operation === ops.start || operation === ops.end) && x[at] === 1);
  return !has(ops.boundary) && !isMultiline && !(has(ops.start) && has(ops.end));
}
