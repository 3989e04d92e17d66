import { watch, type FSWatcher } from "node:fs";
import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { allMarks, parseMark, type Mark } from "./records.js";

export type RecordWatchDeps = {
  clock: Clock;
  onMark: (mark: Mark) => void;
  /** Called after each look at the whole directory. */
  looked: () => void;
  /** Watching failed; marks are found by looking, a little later. */
  degraded: (reason: string) => void;
};

/** How often the whole directory is read, in case a notification was lost; and when there are no notifications. */
const lookMs = 1000;
const lookInsteadMs = 50;

/**
 * Tells every mark as soon as its file appears; marks may be told twice. Notifications are taken in at once and told in the
 * next round of the event loop: the kernel hands them over until there are no more, and acting on each right there would
 * starve everything else while processes come and go quickly.
 */
export class RecordWatch implements Disposable {
  readonly #directory: string;
  readonly #deps: RecordWatchDeps;
  #watcher: FSWatcher | undefined;
  #noticed: Mark[] = [];
  #round: NodeJS.Immediate | undefined;
  #cancelLook = (): void => {};

  constructor(directory: string, deps: RecordWatchDeps) {
    this.#directory = directory;
    this.#deps = deps;
    try {
      this.#watcher = watch(directory, { persistent: false }, (_, name) => this.#notice(name));
      this.#watcher.on("error", (failure) => this.#lookInstead(failure));
    } catch (failure) {
      this.#lookInstead(failure);
    }
    this.#lookLater();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    clearImmediate(this.#round);
    this.#cancelLook();
  }

  #notice(name: string | null): void {
    const mark = name === null ? undefined : parseMark(name);
    if (!mark) return;
    this.#noticed.push(mark);
    this.#round ??= setImmediate(() => {
      const marks = this.#noticed;
      this.#noticed = [];
      this.#round = undefined;
      for (const noticed of marks) this.#deps.onMark(noticed);
    });
  }

  #lookInstead(failure: unknown): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#deps.degraded(
      `cannot watch ${this.#directory} (${messageOf(failure)}); looking every ${lookInsteadMs} ms instead`,
    );
  }

  #lookLater(): void {
    this.#cancelLook = this.#deps.clock.after(this.#watcher ? lookMs : lookInsteadMs, () => {
      try {
        for (const mark of allMarks(this.#directory)) this.#deps.onMark(mark);
        this.#deps.looked();
      } catch (failure) {
        this.#deps.degraded(`cannot read ${this.#directory}: ${messageOf(failure)}`);
      }
      this.#lookLater();
    });
  }
}
