import { setImmediate } from "node:timers/promises";

/** So long a piece of work may take before others get a turn. */
export const maxTurnMs = 10;

/** Cuts a long piece of work into pieces, between which everybody else in this process gets a turn. */
export class Turns {
  readonly #nowMs: () => number;
  #begunMs: number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#begunMs = nowMs();
  }

  /** Between two steps: goes on at once until it was long enough. */
  async next(): Promise<void> {
    if (this.#nowMs() - this.#begunMs < maxTurnMs) return;
    await setImmediate();
    this.#begunMs = this.#nowMs();
  }
}
