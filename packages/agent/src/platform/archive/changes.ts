import { printOf, statsOf } from "./walk.js";

/** What is not any more what it was when it was looked at last; from then on it is looked at as it is now. */
export class Changes {
  readonly #entries: Map<string, string>;
  #changed: string[] = [];
  readonly vanished = new Set<string>();

  constructor(entries: Map<string, string>) {
    this.#entries = entries;
  }

  look(path: string): void {
    const print = this.#entries.get(path);
    if (print === undefined) return;
    const stats = statsOf(`/${path}`);
    if (!stats) {
      this.vanished.add(path);
      this.#entries.delete(path);
      return;
    }
    const now = printOf(stats);
    if (now === print) return;
    this.#entries.set(path, now);
    this.#changed.push(path);
  }

  /** What has changed since this was asked last. */
  take(): string[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }
}
