import type { Clock } from "../../core/clock.js";

/** A pattern that gave up a line is told to be in trouble for so long. */
const forMs = 10 * 60_000;

const way = "Write it without counts of what may also be part of something else, such as a.{40}b.";

export type GivenUpDeps = {
  clock: Clock;
  failed: (what: string, reason: string) => void;
  recovered: (what: string) => void;
};

/** Which patterns of a source have given up a line because it took too much work, and for how long that is told. */
export class GivenUp {
  readonly #deps: GivenUpDeps;
  /** When each, by name, last did. */
  readonly #lastMs = new Map<string, number>();

  constructor(deps: GivenUpDeps) {
    this.#deps = deps;
  }

  tell(patterns: readonly string[]): void {
    const { clock, failed } = this.#deps;
    for (const name of patterns) {
      this.#lastMs.set(name, clock.monotonic());
      failed(`pattern ${name}`, `takes too much work on some lines, which were not looked at whole. ${way}`);
    }
  }

  tick(): void {
    const { clock, recovered } = this.#deps;
    for (const [name, atMs] of this.#lastMs) {
      if (clock.monotonic() - atMs < forMs) continue;
      this.#lastMs.delete(name);
      recovered(`pattern ${name}`);
    }
  }
}
