import type { Clock } from "./clock.js";

/** A clock that stands still until a test tells it to go on. */
export type FakeClock = Clock & {
  /** Lets time pass, and calls on the way whatever is due, in order. */
  advance(ms: number): void;
  /** Lets the wall clock jump, as an administrator or NTP does; timers take no notice. */
  jump(ms: number): void;
  /** How long until the next timer; Infinity when nobody waits. */
  nextMs(): number;
};

type Timer = { dueMs: number; call: () => void };

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  const timers = new Set<Timer>();
  let passedMs = 0;
  let wallMs = startMs;
  const first = (): Timer | undefined => [...timers].sort((a, b) => a.dueMs - b.dueMs)[0];
  const pass = (ms: number): void => {
    passedMs += ms;
    wallMs += ms;
  };
  const after = (ms: number, call: () => void): (() => void) => {
    const timer = { dueMs: passedMs + ms, call };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now: () => wallMs,
    monotonic: () => passedMs,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          cancel();
          signal.removeEventListener("abort", end);
          resolve();
        };
        const cancel = after(ms, end);
        signal.addEventListener("abort", end);
        if (signal.aborted) end();
      }),
    advance(ms) {
      const endMs = passedMs + ms;
      for (let timer = first(); timer && timer.dueMs <= endMs; timer = first()) {
        timers.delete(timer);
        pass(Math.max(0, timer.dueMs - passedMs));
        timer.call();
      }
      pass(endMs - passedMs);
    },
    jump: (ms) => void (wallMs += ms),
    nextMs: () => (first()?.dueMs ?? Infinity) - passedMs,
  };
}
