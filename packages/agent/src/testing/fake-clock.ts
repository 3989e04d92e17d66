import type { Clock } from "../core/clock.js";

/** A clock that stands still until a test moves it. Timers fire in order as it passes them. */
export class FakeClock implements Clock {
  #ms = 0;
  #fired = 0;
  readonly #timers = new Set<{ atMs: number; call: () => void }>();

  now(): number {
    return Date.UTC(2030, 0, 1) + this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { atMs: this.#ms + ms, call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.after(ms, end);
      signal.addEventListener("abort", end);
    });
  }

  /** Timers that have not fired; none are left when everybody has cleaned up. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** How often anybody was woken. */
  get fired(): number {
    return this.#fired;
  }

  /** Moves on by `ms`, from timer to timer; what became due settles before the next one. */
  async advance(ms: number): Promise<void> {
    const until = this.#ms + ms;
    await settled();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#ms = Math.max(this.#ms, next.atMs);
      this.#fired++;
      next.call();
      await settled();
    }
    this.#ms = until;
  }

  #next(until: number): { atMs: number; call: () => void } | undefined {
    const [first] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
    return first && first.atMs <= until ? first : undefined;
  }
}

/** Every promise that could settle without time passing has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
