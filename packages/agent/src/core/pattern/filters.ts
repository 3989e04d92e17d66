import { Filter } from "./filter.js";
import type { Program } from "./program.js";
import { usualLimits, type Limits } from "./states.js";

/** What filters say of a block: as `Finds`, and the patterns of which none says anything. */
export type Likely = {
  lines: number;
  at: readonly number[];
  matched: readonly (readonly number[] | undefined)[];
  unfiltered: readonly number[];
};

type Group = { patterns: readonly number[]; filter: Filter };

/** Filters patterns together, as long as that does not take too many states; then those that take them by themselves, and at last not at all. */
export class Filters {
  readonly #programs: readonly Program[];
  readonly #limits: Limits;
  #groups: Group[];
  #unfiltered: number[] = [];

  constructor(programs: readonly Program[], limits = usualLimits) {
    this.#programs = programs;
    this.#limits = limits;
    this.#groups = [this.#groupOf([...programs.keys()])];
  }

  scan(block: Uint8Array): Likely {
    const found = this.#ask((filter) => filter.scan(block));
    const unfiltered = this.#unfiltered;
    const [only] = found;
    if (found.length === 1 && only && unfiltered.length === 0) return { ...only.answer, unfiltered };
    const all = found.flatMap(({ patterns, answer: { at, matched } }) =>
      at.map((place, each) => ({ place, matched: matched[each]?.map((index) => patterns[index] ?? 0) })),
    );
    all.sort((one, other) => one.place - other.place);
    return {
      lines: only?.answer.lines ?? 0,
      at: all.map(({ place }) => place),
      matched: all.map(({ matched }) => matched),
      unfiltered,
    };
  }

  /** Patterns that may match a text, in order. */
  find(text: string): number[] {
    const found = this.#ask((filter) => filter.find(text));
    const likely = found.flatMap(({ patterns, answer }) => answer.map((index) => patterns[index] ?? 0));
    return [...likely, ...this.#unfiltered].sort((one, other) => one - other);
  }

  /** Is a pattern filtered at all? */
  has(pattern: number): boolean {
    return !this.#unfiltered.includes(pattern);
  }

  /** What each group answers; one that does not is divided. */
  #ask<T>(question: (filter: Filter) => T | undefined): { patterns: readonly number[]; answer: T }[] {
    const answers: { patterns: readonly number[]; answer: T }[] = [];
    const kept: Group[] = [];
    const open = this.#groups;
    for (let group = open.shift(); group; group = open.shift()) {
      const { patterns, filter } = group;
      const answer = question(filter);
      if (answer !== undefined) {
        answers.push({ patterns, answer });
        kept.push(group);
      } else if (patterns.length <= 1) this.#unfiltered.push(...patterns);
      else {
        const half = Math.ceil(patterns.length / 2);
        open.unshift(this.#groupOf(patterns.slice(0, half)), this.#groupOf(patterns.slice(half)));
      }
    }
    this.#groups = kept;
    return answers;
  }

  /** Groups share the work that all may take together. */
  #groupOf(patterns: readonly number[]): Group {
    const programs = patterns.flatMap((index) => this.#programs[index] ?? []);
    const maxWork = (this.#limits.maxWork * patterns.length) / this.#programs.length;
    return { patterns, filter: new Filter(programs, { ...this.#limits, maxWork }) };
  }
}
