import type { Clock } from "./clock.js";

/** Timers do not reach further: whoever waits longer looks again then. */
const maxWaitMs = 60 * 60 * 1000;

/**
 * Calls when spans are over, each known by a key. Within one agent a span is one of the monotonic clock, whatever is done to the
 * wall clock.
 */
export class Expiry<K> implements Disposable {
  readonly #clock: Clock;
  /** What cancels the end that is waited for. */
  readonly #waiting = new Map<K, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls after a span, unless it is set or cleared again before; at once, when the span is over already. */
  set(key: K, ms: number, call: () => void): void {
    this.clear(key);
    const endMs = this.#clock.monotonic() + ms;
    const look = (): void => {
      this.#waiting.delete(key);
      const leftMs = endMs - this.#clock.monotonic();
      if (leftMs <= 0) call();
      else this.#waiting.set(key, this.#clock.after(Math.min(leftMs, maxWaitMs), look));
    };
    look();
  }

  /** Goes on with a span that began before this agent did: by the wall clock, but for no longer than the whole span. */
  resume(key: K, { since, until }: { since: string; until: string }, call: () => void): void {
    const wholeMs = Date.parse(until) - Date.parse(since);
    this.set(key, Math.min(wholeMs, Date.parse(until) - this.#clock.now()), call);
  }

  clear(key: K): void {
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
