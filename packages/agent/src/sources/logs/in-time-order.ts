import type { Timed } from "./dress.js";

type Batches = AsyncGenerator<Timed[]>;

/**
 * The lines of all sources in the order of their times, those of the same time in the order of the sources. Each source
 * keeps its own order, also where its times do not. Of each, no more is held than it gives at once.
 */
export async function* inTimeOrder(sources: readonly Batches[]): AsyncGenerator<Timed[]> {
  const heads = sources.map((batches) => new Head(batches));
  try {
    await Promise.all(heads.map((head) => head.more()));
    let open = heads.filter((head) => head.first !== undefined);
    while (open.length > 0) {
      yield taken(open);
      await Promise.all(open.filter((head) => head.first === undefined).map((head) => head.more()));
      open = open.filter((head) => head.first !== undefined);
    }
  } finally {
    await Promise.allSettled(heads.map((head) => head.end())); // One that has failed has told so.
  }
}

/** In order until one of them has nothing left: its next line may be the next of all. */
function taken(open: readonly Head[]): Timed[] {
  const some: Timed[] = [];
  for (;;) {
    const earliest = open.reduce((best, head) => (head.timeMs < best.timeMs ? head : best));
    const line = earliest.take();
    if (!line) return some;
    some.push(line);
    if (earliest.first === undefined) return some;
  }
}

/** The next line of a source. */
class Head {
  readonly #batches: Batches;
  #batch: Timed[] = [];
  #at = 0;
  /** A line that says an earlier time than the one before it does not come before that. */
  #latestMs = -Infinity;

  constructor(batches: Batches) {
    this.#batches = batches;
  }

  get first(): Timed | undefined {
    return this.#batch[this.#at];
  }

  get timeMs(): number {
    return Math.max(this.#latestMs, this.first?.timeMs ?? Infinity);
  }

  take(): Timed | undefined {
    this.#latestMs = this.timeMs;
    return this.#batch[this.#at++];
  }

  /** Asks for the next lines; there are none when the source has ended. */
  async more(): Promise<void> {
    this.#at = 0;
    this.#batch = [];
    while (this.#batch.length === 0) {
      const next = await this.#batches.next();
      if (next.done) return;
      this.#batch = next.value;
    }
  }

  async end(): Promise<void> {
    await this.#batches.return(undefined);
  }
}
