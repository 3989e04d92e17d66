/**
 * The matches that are in the journal already although their lines are read again, because an agent was killed before it
 * had saved how far it was. Each is told once; what was only counted before the last of them stays only counted.
 */
export class Told {
  readonly #keys: Map<string, Set<string>>;

  /** Keys by label. */
  constructor(keys: Iterable<readonly [label: string, key: string]>) {
    this.#keys = new Map();
    for (const [label, key] of keys) {
      const its = this.#keys.get(label) ?? new Set();
      this.#keys.set(label, its.add(key));
    }
  }

  /** Whether a match was told already, was only counted before one that was told, or is new. */
  take(label: string, key: string): "told" | "counted" | "new" {
    const keys = this.#keys.get(label);
    if (!keys) return "new";
    if (!keys.delete(key)) return "counted";
    if (keys.size === 0) this.#keys.delete(label);
    return "told";
  }

  /** All that was there of an origin has been read: what is left was never met, and is waited for no more. */
  end(label: string): void {
    this.#keys.delete(label);
  }
}
