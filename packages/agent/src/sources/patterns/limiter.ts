/** What a limiter knows; kept over a restart of the agent. */
export type LimiterState = { fromMs: number; told: number; suppressed: number };

/** Lets so many matches of a pattern be told within a time, and counts the others. */
export class Limiter {
  readonly #limit: { events: number; per: number };
  #state: LimiterState;

  constructor(limit: { events: number; per: number }, state: LimiterState = { fromMs: 0, told: 0, suppressed: 0 }) {
    this.#limit = limit;
    this.#state = state;
  }

  get state(): LimiterState {
    return this.#state;
  }

  /** How many matches were suppressed before this one, which is to be told; nothing when it is suppressed as well. */
  take(nowMs: number): number | undefined {
    this.#turn(nowMs);
    if (this.#state.told < this.#limit.events) return this.tell();
    this.#state = { ...this.#state, suppressed: this.#state.suppressed + 1 };
    return undefined;
  }

  /** A match that is told whatever the limit; returns how many were suppressed before it. */
  tell(): number {
    const { suppressed } = this.#state;
    this.#state = { ...this.#state, told: this.#state.told + 1, suppressed: 0 };
    return suppressed;
  }

  /** How many are to be told as suppressed now, because their time is over and no other match has come; each is returned once. */
  due(nowMs: number): number {
    const { fromMs, suppressed } = this.#state;
    if (suppressed === 0 || (nowMs >= fromMs && nowMs - fromMs < this.#limit.per)) return 0;
    this.#state = { ...this.#state, suppressed: 0 };
    return suppressed;
  }

  /** A new time begins when the last is over, and when the clock was set back. */
  #turn(nowMs: number): void {
    const { fromMs } = this.#state;
    if (nowMs >= fromMs && nowMs - fromMs < this.#limit.per) return;
    this.#state = { ...this.#state, fromMs: nowMs, told: 0 };
  }
}
