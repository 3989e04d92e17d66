/** How many observations were at most `le`. */
export type Bucket = { le: number; count: number };

/**
 * The quantile of a histogram, as histogram_quantile() of Prometheus has it: linear within its bucket. NaN where the
 * buckets do not tell, or nothing was observed.
 */
export function quantile(q: number, all: readonly Bucket[]): number {
  const buckets = cumulative(all);
  const last = buckets.length - 1;
  const total = buckets[last];
  if (last < 1 || total?.le !== Infinity || !(total.count > 0)) return NaN;
  const rank = q * total.count;
  const at = buckets.findIndex(({ count }, index) => index === last || count >= rank);
  const here = buckets[at];
  if (at === last || !here) return buckets[last - 1]?.le ?? NaN;
  if (at === 0 && here.le <= 0) return here.le;
  const below = buckets[at - 1] ?? { le: 0, count: 0 };
  return below.le + (here.le - below.le) * ((rank - below.count) / (here.count - below.count));
}

/** In order, equal bounds as one, and never fewer in a wider bucket: a rate of each by itself need not know that. */
function cumulative(all: readonly Bucket[]): Bucket[] {
  const byBound = new Map<number, number>();
  for (const { le, count } of all) byBound.set(le, (byBound.get(le) ?? 0) + count);
  let most = -Infinity;
  return [...byBound].sort(([a], [b]) => a - b).map(([le, count]) => ({ le, count: (most = Math.max(most, count)) }));
}
