import type { Family } from "@ostler/protocol";

/** A family of one source, with its lines as they are shown. */
export type Shown = { family: Family; lines: string };

/** What a source showed last; nothing but the reason while it is unreachable. */
export type Source = {
  /** Nobody's are the figures of the host. */
  service: string | undefined;
  name: string;
  at: number;
  reason: string | undefined;
  /** Its families by their names. */
  shown: ReadonlyMap<string, Shown>;
  /** Its families by the names of their series; made when somebody looks. */
  bySeries: Map<string, Family[]> | undefined;
  /** The names of the series of its last answer: what is unreachable with it. */
  carried: ReadonlySet<string>;
};

const none: ReadonlyMap<string, Source> = new Map();

/** All sources, each in the place in which it came first; those of a service and those that show a family are found at once. */
export class Sources {
  readonly #all = new Map<string, Source>();
  /** Both by the key of the source within. */
  readonly #byService = new Map<string | undefined, Map<string, Source>>();
  readonly #byFamily = new Map<string, Map<string, Source>>();

  /** Takes the place of what was there of this source. */
  put(source: Source): void {
    const key = keyOf(source);
    const before = this.#all.get(key);
    this.#all.set(key, source);
    putIn(this.#byService, source.service, key, source);
    for (const name of before?.shown.keys() ?? []) if (!source.shown.has(name)) removeFrom(this.#byFamily, name, key);
    for (const name of source.shown.keys()) putIn(this.#byFamily, name, key, source);
  }

  remove(source: Source): void {
    const key = keyOf(source);
    this.#all.delete(key);
    removeFrom(this.#byService, source.service, key);
    for (const name of source.shown.keys()) removeFrom(this.#byFamily, name, key);
  }

  get(service: string | undefined, name: string): Source | undefined {
    return this.#all.get(keyOf({ service, name }));
  }

  all(): Iterable<Source> {
    return this.#all.values();
  }

  /** Those of a service, or nobody's. */
  of(service: string | undefined): Source[] {
    return [...(this.#byService.get(service) ?? none).values()];
  }

  /** The first that shows a family of this name, but for one. */
  showing(family: string, but?: Source): Source | undefined {
    for (const source of (this.#byFamily.get(family) ?? none).values()) if (source !== but) return source;
    return undefined;
  }
}

type Index<Key> = Map<Key, Map<string, Source>>;

function putIn<Key>(index: Index<Key>, at: Key, key: string, source: Source): void {
  const its = index.get(at);
  if (its) its.set(key, source);
  else index.set(at, new Map([[key, source]]));
}

/** Nothing is left of whom nobody belongs to any more. */
function removeFrom<Key>(index: Index<Key>, at: Key, key: string): void {
  const its = index.get(at);
  its?.delete(key);
  if (its?.size === 0) index.delete(at);
}

/** Names have no slash. */
function keyOf({ service = "", name }: { service: string | undefined; name: string }): string {
  return `${service}/${name}`;
}
