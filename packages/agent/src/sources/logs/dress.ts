import type { LogLine } from "@ostler/protocol";
import { withoutAnsi } from "../../core/ansi.js";
import { isAtLeast } from "../../core/line-format/level.js";
import type { Level, LineFormat } from "../../core/line-format/line-info.js";
import { continues } from "../../core/line-format/continues.js";
import { LineReader } from "../../core/line-format/understand.js";
import type { LogQuery } from "../../core/log-query.js";
import type { Entry, Source } from "./entry.js";
import { grepOf } from "./grep.js";

/** A line and its time, by which the lines of all sources are put in order. */
export type Timed = { timeMs: number; line: LogLine };

/** The lines of one source, as whoever asked wants to see them: with their time and level, and only those that are wanted. */
export class Dresser {
  readonly #about: Source["about"];
  readonly #query: LogQuery;
  readonly #matches: (text: string) => boolean;
  readonly #reader: LineReader;
  readonly #now: () => number;
  /** The time that the last line said that said any, and the level of the last record. */
  #lastMs: number | undefined;
  #lastLevel: Level | undefined;
  /** The last record that was left out by what it says. It is only understood when another line goes on with it. */
  #skipped: string | undefined;

  constructor(about: Source["about"], query: LogQuery, format: LineFormat | "auto", now: () => number) {
    this.#about = about;
    this.#query = query;
    this.#matches = query.grep === undefined ? () => true : grepOf(query.grep, query.ignoreCase ?? false);
    this.#reader = new LineReader(format, now);
    this.#now = now;
  }

  dress(entries: readonly Entry[]): Timed[] {
    return entries.flatMap((entry) => this.#one(entry) ?? []);
  }

  #one(entry: Entry): Timed | undefined {
    const { sinceMs = -Infinity, untilMs = Infinity, level: least } = this.#query;
    const text = withoutAnsi(entry.text);
    if (!this.#matches(text)) {
      if (!continues(text)) this.#skipped = text;
      return undefined;
    }
    this.#catchUp();
    const info = this.#reader.read(text);
    const goesOn = info.timeMs === undefined && info.level === undefined && continues(text);
    const timeMs = entry.timeMs ?? info.timeMs ?? this.#timeOf(entry, goesOn);
    const level = info.level ?? entry.level ?? (goesOn ? this.#lastLevel : undefined);
    this.#lastMs = info.timeMs ?? this.#lastMs;
    this.#lastLevel = level;
    if (timeMs < sinceMs || timeMs > untilMs) return undefined;
    if (least !== undefined && (level === undefined || !isAtLeast(level, least))) return undefined;
    const line: LogLine = {
      ...this.#about,
      stream: entry.stream,
      time: new Date(timeMs).toISOString(),
      ...(level === undefined ? {} : { level }),
      text: this.#query.ansi ? entry.text : text,
      ...(entry.clipped ? { clipped: true as const } : {}),
    };
    return { timeMs, line };
  }

  #catchUp(): void {
    if (this.#skipped === undefined) return;
    const { timeMs, level } = this.#reader.read(this.#skipped);
    this.#lastMs = timeMs ?? this.#lastMs;
    this.#lastLevel = level;
    this.#skipped = undefined;
  }

  /** Of a line that says none: that of the record it goes on with, else the last one that was said, as far as that can be. */
  #timeOf({ afterMs = -Infinity, byMs = this.#now() }: Entry, goesOn: boolean): number {
    if (this.#lastMs === undefined) return byMs;
    return goesOn ? this.#lastMs : Math.max(afterMs, Math.min(byMs, this.#lastMs));
  }
}
