import type { Clock } from "../core/clock.js";

type Timer = { dueMs: number; call: () => void };

/** A clock that stands still until a test tells it to go on. Timers fire in order as it passes them. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #passedMs = 0;
  #wallMs: number;
  /** How often anybody was woken. */
  fired = 0;
  /** Every sleep that was begun, in milliseconds. */
  readonly slept: number[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#passedMs;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { dueMs: this.#passedMs + ms, call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.slept.push(ms);
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.after(ms, end);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    });
  }

  /** Timers that have not fired; none are left when everybody has cleaned up. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** How long until the next timer; Infinity when nobody waits. */
  get nextMs(): number {
    return (this.#first()?.dueMs ?? Infinity) - this.#passedMs;
  }

  /** Lets time pass at one blow, and calls on the way whatever is due, in order. */
  advance(ms: number): void {
    const endMs = this.#passedMs + ms;
    while (this.#fireFirst(endMs));
    this.#pass(endMs);
  }

  /** Lets time pass as in life: what became due settles before the next timer. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#passedMs + ms;
    do await settled();
    while (this.#fireFirst(endMs));
    this.#pass(endMs);
  }

  /** Lets the wall clock jump, as an administrator or NTP does; timers take no notice. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  #fireFirst(endMs: number): boolean {
    const timer = this.#first();
    if (!timer || timer.dueMs > endMs) return false;
    this.#timers.delete(timer);
    this.#pass(timer.dueMs);
    this.fired++;
    timer.call();
    return true;
  }

  #first(): Timer | undefined {
    return [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
  }

  #pass(toMs: number): void {
    const ms = Math.max(0, toMs - this.#passedMs);
    this.#passedMs += ms;
    this.#wallMs += ms;
  }
}

/** Every promise that could settle without time passing has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
