import type { Family } from "@ostler/protocol";

/**
 * How many series the sources of a service may have together. Each may have its fair share and what the others leave of theirs;
 * of what is over, whole families are left out, those that came last first.
 */
export class SeriesBudget {
  readonly #max: number;
  /** By source, in the order of the configuration. */
  readonly #uses = new Map<string, Use>();

  /** What sources of the same name have had of `before` is still theirs. */
  constructor(sources: readonly string[], max: number, before?: SeriesBudget) {
    this.#max = max;
    const had = before ? before.#uses : new Map<string, Use>();
    for (const source of sources)
      this.#uses.set(source, had.get(source) ?? { wanted: 0, kept: 0, dropped: 0, arrived: [] });
  }

  /** Something had to be left out, of any source. */
  get isOver(): boolean {
    return [...this.#uses.values()].some(({ dropped }) => dropped > 0);
  }

  fit(source: string, families: readonly Family[]): { families: Family[]; dropped: number } {
    const use = this.#uses.get(source);
    if (!use) return { families: [], dropped: countIn(families) };
    use.wanted = countIn(families);
    const allowed = this.#allowedTo(source);
    const arrived = inOrderOfArrival(families, use.arrived);
    use.arrived = arrived.map(({ name }) => name);
    use.kept = 0;
    const kept = new Set<Family>();
    for (const family of arrived) {
      if (use.kept + family.points.length > allowed) continue;
      use.kept += family.points.length;
      kept.add(family);
    }
    use.dropped = use.wanted - use.kept;
    return { families: families.filter((family) => kept.has(family)), dropped: use.dropped };
  }

  /** A source that shows nothing leaves its share to the others. */
  release(source: string): void {
    const use = this.#uses.get(source);
    if (use) Object.assign(use, { wanted: 0, kept: 0, dropped: 0 });
  }

  /** The others keep what they have until they are asked again, so that there are never too many. */
  #allowedTo(source: string): number {
    const names = [...this.#uses.keys()];
    const share =
      fairShares(
        [...this.#uses.values()].map(({ wanted }) => wanted),
        this.#max,
      )[names.indexOf(source)] ?? 0;
    const others = names.filter((name) => name !== source);
    const left = others.reduce((rest, name) => rest - (this.#uses.get(name)?.kept ?? 0), this.#max);
    return Math.min(share, left);
  }
}

type Use = { wanted: number; kept: number; dropped: number; arrived: string[] };

/** What each may have of `max`: nobody more than is wanted, and nobody less than another who wants as much; the first get the rest. */
export function fairShares(wanted: readonly number[], max: number): number[] {
  const shares = wanted.map(() => 0);
  const byWish = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0) || b - a);
  let left = max;
  for (const [nth, at] of byWish.entries()) {
    shares[at] = Math.min(wanted[at] ?? 0, Math.floor(left / (byWish.length - nth)));
    left -= shares[at];
  }
  return shares;
}

function inOrderOfArrival(families: readonly Family[], arrived: readonly string[]): Family[] {
  const places = new Map(arrived.map((name, place) => [name, place]));
  return [...families].sort((a, b) => (places.get(a.name) ?? Infinity) - (places.get(b.name) ?? Infinity) || 0);
}

function countIn(families: readonly Family[]): number {
  return families.reduce((sum, { points }) => sum + points.length, 0);
}
