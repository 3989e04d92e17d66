import type { LogQuery } from "../../core/log-query.js";
import { newStop } from "../../core/stop.js";
import { Dresser, type Timed } from "./dress.js";
import type { Entry, HistoryQuery, Source, SourceDeps } from "./entry.js";
import type { Plan } from "./plans.js";

/** A source whose lines come as whoever asked wants to see them. */
export type OpenSource = {
  history: (wanted: HistoryQuery) => AsyncGenerator<Timed[]>;
  /** The source is closed when this ends. */
  follow: () => AsyncGenerator<Timed[]>;
};

type Open = { stop: AbortController; sources: Source[]; isMissing: boolean };

/** The sources that somebody reads. All end when the signal aborts, or when it is disposed of. */
export class Opened implements AsyncDisposable {
  readonly #query: LogQuery;
  readonly #deps: Omit<SourceDeps, "signal">;
  readonly #stop = newStop();
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, Open>();

  constructor(query: LogQuery, deps: Omit<SourceDeps, "signal">, signal: AbortSignal) {
    this.#query = query;
    this.#deps = deps;
    this.#signal = signal;
    if (signal.aborted) this.#end();
    else signal.addEventListener("abort", this.#end);
  }

  /** Aborts when nothing is read any more. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Is there anything that was not wanted at the last look? */
  get isWaning(): boolean {
    return [...this.#open.values()].some(({ isMissing }) => isMissing);
  }

  /** Opens what is not open yet. */
  async open(plans: readonly Plan[]): Promise<OpenSource[]> {
    const opened: OpenSource[] = [];
    for (const plan of plans) if (!this.#open.has(plan.key)) opened.push(...(await this.#openOne(plan)));
    return opened;
  }

  /** Ends what was not among the plans of the look before either: until then its last lines have been read. */
  keep(plans: readonly Plan[]): void {
    const wanted = new Set(plans.map(({ key }) => key));
    for (const [key, open] of this.#open) {
      if (open.isMissing && !wanted.has(key)) {
        this.#open.delete(key);
        open.stop.abort();
      }
      open.isMissing = !wanted.has(key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#end);
    this.#end();
    const sources = [...this.#open.values()].flatMap((open) => open.sources);
    await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
  }

  async #openOne({ key, about, format, open }: Plan): Promise<OpenSource[]> {
    const stop = newStop();
    const its: Open = { stop, sources: [], isMissing: false };
    this.#open.set(key, its);
    if (this.signal.aborted) stop.abort();
    const sources = await open({ ...this.#deps, signal: stop.signal });
    its.sources = sources;
    if (this.signal.aborted) await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
    return sources.map((source) => {
      const dresser = new Dresser(about, this.#query, format, () => this.#deps.clock.now());
      return {
        history: (wanted) => dressed(source.history(wanted), dresser),
        follow: async function* () {
          await using whole = source;
          yield* dressed(whole.follow(), dresser);
        },
      };
    });
  }

  readonly #end = (): void => {
    this.#stop.abort();
    for (const { stop } of this.#open.values()) stop.abort();
  };
}

async function* dressed(batches: AsyncGenerator<Entry[]>, dresser: Dresser): AsyncGenerator<Timed[]> {
  for await (const entries of batches) {
    const lines = dresser.dress(entries);
    if (lines.length > 0) yield lines;
  }
}
