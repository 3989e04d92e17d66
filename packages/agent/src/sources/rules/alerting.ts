/** How an alert stands. Times are of the monotonic clock. */
export type Standing = { is: "quiet" } | { is: "pending"; sinceMs: number } | { is: "firing" };

export const quiet: Standing = { is: "quiet" };

/** `isHeld`: nothing fires as long as this lasts, however long it was pending. */
export type Patience = { forMs: number; isHeld: boolean };

/** The standing after another look. One look at which it does not hold ends it: what is back is back. */
export function stand(before: Standing, holds: boolean, atMs: number, { forMs, isHeld }: Patience): Standing {
  if (!holds) return quiet;
  if (before.is === "firing") return before;
  const sinceMs = before.is === "pending" ? before.sinceMs : atMs;
  return atMs - sinceMs >= forMs && !isHeld ? { is: "firing" } : { is: "pending", sinceMs };
}
