import type { FSWatcher } from "node:fs";
import { Tail } from "tail";

/**
 * Tells that something has happened to an open file, whatever it is called by now. `tail` watches; of its reading, which goes
 * by name and knows no offsets, nothing is used.
 */
class InodeTail extends Tail {
  declare readonly watcher: FSWatcher | undefined;
  readonly #changed: (isMoved: boolean) => void;

  constructor(descriptor: number, changed: (isMoved: boolean) => void) {
    // The name of a descriptor leads to the file itself, also when it has no other name any more.
    super(`/proc/self/fd/${descriptor}`, { follow: false, fsWatchOptions: { persistent: false } });
    this.#changed = changed;
  }

  latestPosition(): number {
    return 0;
  }

  change(): void {
    this.#changed(false);
  }

  rename(): void {
    this.#changed(true);
  }
}

/** Calls when an open file may have changed, or has another name now, until the returned function is called. Nothing where the host has no more watches. */
export function watchFile(descriptor: number, changed: (isMoved: boolean) => void): (() => void) | undefined {
  try {
    const tail = new InodeTail(descriptor, changed);
    tail.watcher?.on("error", () => tail.unwatch()); // Whoever follows looks by the clock, too.
    return () => tail.unwatch();
  } catch {
    return undefined; // As above: it takes a look interval longer, and nothing is lost.
  }
}
