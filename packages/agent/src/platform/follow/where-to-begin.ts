import type { Facts } from "./byte-source.js";
import { isMatching } from "./glob.js";
import { nothingSince, type Position } from "./place.js";

/** Of so many files that were let go it is known where to go on, should they come back, as when a disk is mounted again. */
const maxLeft = 1000;
/** The clock of files is coarser than ours. */
const coarseMs = 100;

export type Since = { ms: number; globs: readonly string[] };

/** Decides where a file is begun that has just been found, by what was there before. Moments are of the wall clock. */
export class WhereToBegin {
  readonly #globs: readonly string[];
  /** What was made later was not there when somebody looked first. */
  readonly #firstMs: number;
  readonly #lookedMs: Map<string, number>;
  readonly #left = new Map<string, { position: Position; goneMs: number }>();

  constructor(globs: readonly string[], since: Since | undefined, nowMs: number) {
    this.#globs = globs;
    this.#firstMs = since?.ms ?? nowMs;
    this.#lookedMs = new Map(globs.filter((glob) => since?.globs.includes(glob)).map((glob) => [glob, this.#firstMs]));
  }

  /** Whatever is found from now on, and was not before, came after that moment. */
  looked(glob: string, atMs: number): void {
    this.#lookedMs.set(glob, atMs);
  }

  /** When whatever there was then had been begun; nothing while somebody has not said once what there is. */
  get firstLookedMs(): number | undefined {
    const all = this.#globs.map((glob) => this.#lookedMs.get(glob));
    return all.every((ms) => ms !== undefined) ? Math.min(...all) : undefined;
  }

  /** It was let go, and had not been there since a moment. */
  left(path: string, position: Position, goneMs: number): void {
    this.#left.set(path, { position, goneMs });
    const [oldest] = this.#left.keys();
    if (this.#left.size > maxLeft && oldest !== undefined) this.#left.delete(oldest);
  }

  /** What is not there comes from now on. */
  ofNothing(nowMs: number): Position {
    return nothingSince(nowMs - coarseMs);
  }

  /** Nothing for a file that may have been there when somebody looked first. Without facts it cannot be looked at. */
  of(path: string, facts: Pick<Facts, "bornMs"> | undefined): Position | undefined {
    const left = this.#left.get(path);
    this.#left.delete(path);
    if (left && (facts?.bornMs ?? 0) < left.goneMs) return left.position;
    const looked = this.#globs.filter((glob) => this.#lookedMs.has(glob) && isMatching(glob, path));
    const [sinceMs] = looked.map((glob) => this.#lookedMs.get(glob));
    if (sinceMs !== undefined) return nothingSince(sinceMs - coarseMs);
    return facts && facts.bornMs > this.#firstMs ? nothingSince(this.#firstMs - coarseMs) : undefined;
  }
}
