/** A match that is in the journal: of which origin, of which pattern, and how its line was shown. */
export type ToldMatch = { label: string; pattern: string; line: string };

/**
 * The matches that are in the journal already although their lines are read again, because an agent was killed before it had
 * saved how far it was. Each is told once. Known by its line and not by its place: what was a file then may be a copy of it now.
 */
export class Told {
  /** How often each was told, by label. */
  readonly #times = new Map<string, Map<string, number>>();

  constructor(matches: Iterable<ToldMatch>) {
    for (const { label, pattern, line } of matches) {
      const its = this.#times.get(label) ?? new Map<string, number>();
      this.#times.set(label, its);
      const key = keyOf(pattern, line);
      its.set(key, (its.get(key) ?? 0) + 1);
    }
  }

  /** Those that have not been met again yet. */
  get left(): ToldMatch[] {
    return [...this.#times].flatMap(([label, its]) =>
      [...its].flatMap(([key, times]) => Array.from({ length: times }, () => ({ label, ...matchOf(key) }))),
    );
  }

  /** Was a match told already? It is taken for the same one as often as it was told. */
  has(label: string, pattern: string, lineOf: () => string): boolean {
    const its = this.#times.get(label);
    if (!its) return false;
    const key = keyOf(pattern, lineOf());
    const times = its.get(key);
    if (times === undefined) return false;
    if (times > 1) its.set(key, times - 1);
    else its.delete(key);
    if (its.size === 0) this.#times.delete(label);
    return true;
  }

  /** All that was there of an origin has been read: what is left was never met, and is waited for no more. */
  end(label: string): void {
    this.#times.delete(label);
  }
}

/** Names of patterns have no space. */
function keyOf(pattern: string, line: string): string {
  return `${pattern} ${line}`;
}

function matchOf(key: string): { pattern: string; line: string } {
  const space = key.indexOf(" ");
  return { pattern: key.slice(0, space), line: key.slice(space + 1) };
}
