import { levelOf } from "../../core/line-format/level.js";
import { readJournal, type JournalEntry } from "../../platform/journalctl.js";
import type { Entry, HistoryQuery, Source, SourceDeps } from "./entry.js";

type About = { service: string; process: string };

/** So many entries of the journal are handed on at once. */
const entriesAtOnce = 200;

/** What systemd's journal has about a unit: `journal` is what its processes wrote, `systemd` what that says of it. */
export class UnitSource implements Source {
  readonly about: About;
  readonly #unit: string;
  readonly #deps: SourceDeps;
  /** Whoever follows goes on behind the last entry, or, when there was none, from where the history was asked for. */
  #place: string[] = ["--lines=0"];

  constructor(about: About, unit: string, deps: SourceDeps) {
    this.about = about;
    this.#unit = unit;
    this.#deps = deps;
  }

  async *history({ last, addedMs, sinceMs = addedMs }: HistoryQuery): AsyncGenerator<Entry[]> {
    if (last === 0) return;
    this.#place = ["--lines=all", `--since=${at(this.#deps.clock.now())}`];
    const since = sinceMs === undefined ? [] : [`--since=${at(sinceMs)}`];
    yield* this.#read([...since, ...(last === undefined ? [] : [`--lines=${last}`])], entriesAtOnce);
  }

  follow(): AsyncGenerator<Entry[]> {
    return this.#read([...this.#place, "--follow"], 1);
  }

  /** It owns nothing but the readings, which end by themselves. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async *#read(args: readonly string[], atOnce: number): AsyncGenerator<Entry[]> {
    let some: Entry[] = [];
    for await (const entry of readJournal([`--unit=${this.#unit}`, ...args], this.#deps.signal)) {
      if (entry.__CURSOR !== undefined) this.#place = ["--lines=all", `--after-cursor=${entry.__CURSOR}`];
      some.push(...linesOf(entry));
      if (some.length < atOnce) continue;
      yield some;
      some = [];
    }
    yield some;
  }
}

/** The lines of an entry, which may have several. */
export function linesOf(entry: JournalEntry): Entry[] {
  const { _PID: pid, UNIT: about, MESSAGE: message = "", PRIORITY: priority, __REALTIME_TIMESTAMP: micros } = entry;
  const level = levelOf(priority);
  const known = {
    clipped: false,
    stream: pid === "1" && about !== undefined ? "systemd" : "journal",
    ...(level === undefined ? {} : { level }),
    ...(micros === undefined ? {} : { timeMs: Math.floor(Number(micros) / 1000) }),
  };
  return message.split("\n").map((text) => ({ ...known, text }));
}

/** A moment as journalctl takes it, in seconds since 1970. */
function at(ms: number): string {
  return `@${(ms / 1000).toFixed(3)}`;
}
