import type { Points } from "./history.js";

export type Rhythm = { everyMs: number; toleranceMs: number };

/** How often the counter rose within the span that was wrong: not at all is too late, twice or more too early. */
export type Cadence = { is: "on-time" } | { is: "late"; rises: 0 } | { is: "early"; rises: number };

/**
 * Whether a counter rises at equal intervals. A rise that is seen at once counts once, however much it is, and a counter
 * that falls has begun again. Without a point from before the span it is too early to say that it is late.
 */
export function cadence(points: Points, nowMs: number, { everyMs, toleranceMs }: Rhythm): Cadence {
  const lateFromMs = nowMs - everyMs - toleranceMs;
  const earlyFromMs = nowMs - everyMs + toleranceMs;
  let rises = 0;
  let hasChanged = false;
  for (let at = 1; at < points.length; at++) {
    const [before, value] = [points.valueAt(at - 1), points.valueAt(at)];
    if (value === before || points.timeAt(at - 1) < lateFromMs) continue;
    hasChanged = true;
    if (value > before && points.timeAt(at - 1) >= earlyFromMs) rises++;
  }
  if (rises > 1) return { is: "early", rises };
  const isKnownSince = points.length > 0 && points.timeAt(0) <= lateFromMs;
  return isKnownSince && !hasChanged ? { is: "late", rises: 0 } : { is: "on-time" };
}
