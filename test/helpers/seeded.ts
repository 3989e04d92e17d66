/** Random choices that are the same for the same seed. */
export type Random = {
  /** A whole number from 0 on, below a bound. */
  below: (bound: number) => number;
  of: <T>(things: readonly T[]) => T;
  /** One of several rows, each as often as its weight says, without the weight. */
  weighted: <Row extends unknown[]>(rows: readonly [weight: number, ...row: Row][]) => Row;
};

/** Mulberry32: small, and good enough for a choice. */
export function seeded(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    of: (things) => {
      const [chosen] = things.slice(below(things.length));
      if (chosen === undefined) throw new Error("There is nothing to choose from.");
      return chosen;
    },
    weighted: (rows) => {
      let left = below(rows.reduce((sum, [weight]) => sum + weight, 0));
      for (const [weight, ...row] of rows) {
        left -= weight;
        if (left < 0) return row;
      }
      throw new Error("There is nothing to choose from.");
    },
  };
}
