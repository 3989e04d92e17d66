/** A spool: how long it is, and how much of the disk it still occupies. */
export type Spool = { name: string; size: number; occupied: number };

/** How much all spools may occupy, each and together. */
export type OutputLimits = { maxBytes: number; maxTotalBytes: number };

/** Of what is too much so much is kept, so that not every line makes the next one go. */
const keptShare = 0.75;

/** However much is forwarded, so much of what all together may occupy is left to the spools. */
const leastShare = 0.25;

/** What is left to the spools when lines that are forwarded to files occupy a part of the disk, too. */
export function besideForwarded({ maxBytes, maxTotalBytes }: OutputLimits, forwardedBytes: number): OutputLimits {
  return { maxBytes, maxTotalBytes: Math.max(maxTotalBytes - forwardedBytes, maxTotalBytes * leastShare) };
}

/**
 * The spools that give back their beginning, and how much of their end each keeps: those that are too large, and when all
 * together are, the largest, down to the size of the next one and on with both.
 */
export function givingBack(
  spools: readonly Spool[],
  { maxBytes, maxTotalBytes }: OutputLimits,
): { spool: Spool; keptBytes: number }[] {
  const keepsOf = (bytes: number): number => (bytes > maxBytes ? maxBytes * keptShare : bytes);
  const total = sum(spools.map(({ occupied }) => keepsOf(occupied)));
  const level =
    total > maxTotalBytes
      ? levelOf(
          spools.map(({ occupied }) => keepsOf(occupied)),
          maxTotalBytes * keptShare,
        )
      : Infinity;
  return spools.flatMap((spool) => {
    const keptBytes = Math.floor(Math.min(keepsOf(spool.occupied), level));
    return keptBytes < spool.occupied ? [{ spool, keptBytes }] : [];
  });
}

/** The size to which the largest are cut so that all together are not more than `wanted`. */
function levelOf(sizes: readonly number[], wanted: number): number {
  let left = wanted;
  const sorted = [...sizes].sort((a, b) => a - b);
  for (const [at, size] of sorted.entries()) {
    const share = left / (sorted.length - at);
    if (size > share) return share;
    left -= size;
  }
  return Infinity;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
