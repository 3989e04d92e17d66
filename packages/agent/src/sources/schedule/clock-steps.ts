import type { Clock } from "../../core/clock.js";

/** How often is looked whether the clock was set. */
export const lookMs = 10_000;

/** A smaller difference is a clock that is being slewed. */
const stepMs = 2000;

/** Calls every few seconds, and says by how much the clock was set since the call before; 0 when it was not. */
export function watchClock(clock: Clock, look: (steppedMs: number) => void): Disposable {
  const offset = (): number => clock.now() - clock.monotonic();
  let known = offset();
  let cancel = (): void => {};
  const wait = (): void => {
    cancel = clock.after(lookMs, () => {
      const stepped = offset() - known;
      known += stepped;
      wait();
      look(Math.abs(stepped) < stepMs ? 0 : stepped);
    });
  };
  wait();
  return { [Symbol.dispose]: () => cancel() };
}
