export type Backoff = { initialMs: number; maxMs: number };

/**
 * How long to wait before try number `attempt` (from 1): anything between nothing and a bound that doubles up to `maxMs`.
 * Full jitter spreads a fleet best, and is what both restarts and reconnects use. `random` gives a number in [0, 1).
 */
export function fullJitterMs(attempt: number, { initialMs, maxMs }: Backoff, random: () => number): number {
  return Math.round(random() * Math.min(maxMs, initialMs * 2 ** (attempt - 1)));
}
