import type { Line } from "../../platform/line-splitter.js";
import type { Entry, HistoryQuery, Source, SourceDeps } from "./entry.js";
import { startOfData, startOfLast } from "./last-lines.js";
import { LiveFile } from "./live-file.js";
import type { TimePoint } from "./time-points.js";

export type SpoolDeps = SourceDeps & { points: () => Promise<TimePoint[]> };
type About = { service: string; process: string };

/** What a process writes to one of its streams. */
export class SpoolSource implements Source {
  readonly about: About;
  readonly #stream: string;
  readonly #deps: SpoolDeps;
  readonly #live: Promise<LiveFile>;

  constructor(about: About, { stream, path }: { stream: string; path: string }, deps: SpoolDeps) {
    this.about = about;
    this.#stream = stream;
    this.#deps = deps;
    this.#live = LiveFile.open(path, deps.clock, deps.signal);
    this.#live.catch(() => undefined); // Whoever reads hears of it.
  }

  async *history({ last: most, sinceMs, isFollowed, addedMs = 0 }: HistoryQuery): AsyncGenerator<Entry[]> {
    const live = await this.#live;
    if (!live.opened) return;
    const { file, stats } = live.opened;
    const last = stats.birthtimeMs < addedMs ? 0 : most;
    const points = await this.#deps.points();
    const before = sinceMs === undefined ? undefined : points.findLast(({ ms }) => ms < sinceMs);
    let start = Math.max(await startOfData(file, stats.size), before?.offset ?? 0);
    const range = { from: start, to: stats.size };
    if (last !== undefined) start = (await startOfLast(file, { ...range, count: last }, this.#deps.signal)).offset;
    let afterMs: number | undefined;
    for (const { offset, ms } of [...points, { offset: stats.size, ms: stats.mtimeMs }]) {
      const end = Math.min(offset, stats.size);
      for await (const lines of live.upTo(end, start)) yield this.#entries(lines, afterMs, ms);
      start = Math.max(start, end);
      afterMs = ms;
    }
    if (!isFollowed) yield this.#entries(live.rest(), undefined, stats.mtimeMs);
  }

  async *follow(): AsyncGenerator<Entry[]> {
    const live = await this.#live;
    for await (const lines of live.follow()) {
      const nowMs = this.#deps.clock.now();
      yield this.#entries(lines, nowMs, nowMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#live.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  #entries(lines: Line[], afterMs: number | undefined, byMs: number | undefined): Entry[] {
    return lines.map((line) => ({
      ...line,
      stream: this.#stream,
      ...(afterMs === undefined ? {} : { afterMs }),
      ...(byMs === undefined ? {} : { byMs }),
    }));
  }
}
