import type { AccessOf } from "./access.js";
import { isGlob, isMatching, type Matching } from "./glob.js";
import { logFiles } from "./log-files.js";

export type Found = Matching & { accessOf: AccessOf };

/** Looks which files there are for some paths and globs, and knows what was there at the last look for each. */
export class FoundFiles {
  /** Nothing while nobody has said all that there is. */
  readonly #listings: Map<string, ReadonlySet<string> | undefined>;

  readonly #accesses: () => AccessOf;

  constructor(globs: readonly string[], accesses: () => AccessOf) {
    this.#accesses = accesses;
    this.#listings = new Map(globs.map((glob) => [glob, undefined]));
  }

  /** What is mounted is read once for a look. A path stands for itself, there or not. */
  async look(glob: string): Promise<Found> {
    const accessOf = this.#accesses();
    const { paths, faults } = isGlob(glob) ? await logFiles(glob, accessOf) : { paths: [glob], faults: [] };
    this.#listings.set(glob, faults.length > 0 ? undefined : new Set(paths));
    return { paths, faults, accessOf };
  }

  /** May it still be there, for all that is known? */
  mayBeThere(path: string): boolean {
    const listings = [...this.#listings];
    if (listings.some(([, listing]) => listing?.has(path))) return true;
    return listings.some(([glob, listing]) => !listing && isMatching(glob, path));
  }
}
