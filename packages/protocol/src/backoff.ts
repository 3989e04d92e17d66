export type Backoff = { initialMs: number; maxMs: number };

/** More than any bound needs, and few enough that the number stays finite: a restart without delay may be repeated for ever. */
const maxDoublings = 64;

/**
 * How long to wait before try number `attempt` (from 1): anything between nothing and a bound that doubles up to `maxMs`.
 * Full jitter spreads a fleet best, and is what both restarts and reconnects use. `random` gives a number in [0, 1).
 */
export function fullJitterMs(attempt: number, { initialMs, maxMs }: Backoff, random: () => number): number {
  return Math.round(random() * Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, maxDoublings)));
}
