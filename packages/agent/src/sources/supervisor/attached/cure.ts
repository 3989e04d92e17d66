import type { HostEvent } from "@ostler/protocol";
import type { RestartConfig } from "../../../config/restart.js";
import type { Clock } from "../../../core/clock.js";
import type { Slot } from "../records.js";
import { afterFailure, noHistory, type History } from "../restart-decision.js";

export type CureDeps = {
  publish: (event: HostEvent) => void;
  clock: Clock;
  random: () => number;
  policy: RestartConfig;
};

/**
 * Restarts of an attached process because it is unhealthy: later and later while they do not help, like those of any other
 * process. When it has been ready for long enough all of that is forgotten.
 */
export class Cure implements Disposable {
  readonly #slot: Slot;
  readonly #deps: CureDeps;
  readonly #apply: (run: number, because: string) => void;
  #history: History = noHistory;
  #waiting: (() => void) | undefined;
  #settling: (() => void) | undefined;

  constructor(slot: Slot, deps: CureDeps, apply: (run: number, because: string) => void) {
    this.#slot = slot;
    this.#deps = deps;
    this.#apply = apply;
  }

  /** Restarts a run when its turn has come; one that waits already is enough. */
  prescribe(run: number, because: string): void {
    if (this.#waiting) return;
    const { publish, clock, random, policy } = this.#deps;
    const after = afterFailure({ because, hopeless: false }, this.#history, policy, { nowMs: clock.now(), random });
    if (after.then === "complete") return;
    this.#history = after.history;
    if (after.crashLoop) publish({ type: "service.crash-looped", data: { ...this.#slot, ...after.crashLoop } });
    if (after.then === "give-up") return;
    this.#waiting = clock.after(after.delayMs, () => {
      this.#waiting = undefined;
      this.#apply(run, because);
    });
  }

  /** Somebody else does something about it, or it is well again. */
  withdraw(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  /** The service is ready. */
  helped(run: number): void {
    this.withdraw();
    this.unready();
    const { clock, policy, publish } = this.#deps;
    this.#settling = clock.after(policy.stable_after, () => {
      this.#settling = undefined;
      this.#history = noHistory;
      publish({ type: "service.settled", data: { ...this.#slot, run } });
    });
  }

  unready(): void {
    this.#settling?.();
    this.#settling = undefined;
  }

  [Symbol.dispose](): void {
    this.withdraw();
    this.unready();
  }
}
