import { OstlerError } from "@ostler/protocol";
import type { Clock } from "./clock.js";

/** Whoever does not end so long after it was told to is no longer waited for; what it does then is lost. */
const usualGraceMs = 10_000;

export type Bound = {
  what: string;
  withinMs: number;
  signal: AbortSignal;
  clock: Clock;
  /** Infinity: it is waited for whatever it takes, as where nobody may come between. */
  graceMs?: number;
};

/**
 * Calls with a signal that aborts when the time is over or the owner's aborts. Settles as the call does, or with
 * `timed-out` or `cancelled` where that is why it failed; what comes in time all the same counts.
 */
export async function bounded<T>(
  { what, withinMs, signal, clock, graceMs = usualGraceMs }: Bound,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const cancel = (): void => end.abort(new OstlerError("cancelled", `${what} was cancelled.`));
  const late = (): void => end.abort(new OstlerError("timed-out", `${what} did not end within ${withinMs / 1000} s.`));
  const stopTimer = clock.after(withinMs, late);
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  const left = new AbortController();
  try {
    return await Promise.race([call(end.signal), neverMind(end.signal, left.signal, { clock, graceMs })]);
  } catch (failure) {
    throw end.signal.aborted ? end.signal.reason : failure;
  } finally {
    stopTimer();
    signal.removeEventListener("abort", cancel);
    left.abort();
  }
}

/** Rejects a while after the first signal; rests for ever once the second one has come. */
function neverMind(
  ended: AbortSignal,
  left: AbortSignal,
  { clock, graceMs }: { clock: Clock; graceMs: number },
): Promise<never> {
  return new Promise((_, reject) => {
    const wait = (): void => {
      if (graceMs === Infinity) return;
      const stopTimer = clock.after(graceMs, () => reject(ended.reason as OstlerError));
      left.addEventListener("abort", stopTimer);
    };
    if (ended.aborted) return wait();
    ended.addEventListener("abort", wait);
    left.addEventListener("abort", () => ended.removeEventListener("abort", wait));
  });
}
