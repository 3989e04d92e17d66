import type { AlertSeverity, EventData, HostState } from "@ostler/protocol";
import type { LogPattern } from "../../config/logs/log-pattern.js";
import type { LogSource } from "../../config/logs/log-source.js";
import { scrub } from "../../config/redact.js";
import type { Publish, TakeSample } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { LineReader } from "../../core/line-format/understand.js";
import { textsOf } from "../../core/lines/clean-line.js";
import { countLines } from "../../core/lines/count-lines.js";
import type { Checkpoint } from "./checkpoints.js";
import type { Chunk, Origin } from "./chunk.js";
import { endOfContinuation } from "./continuation.js";
import { LineMatcher, type Found } from "./line-matcher.js";
import { Origins } from "./origins.js";
import { PatternWatch } from "./pattern-watch.js";
import type { Record as LineRecord } from "./records.js";
import type { Told } from "./told.js";

export type SourceWatchDeps = {
  publish: Publish;
  sample: TakeSample;
  clock: Clock;
  state: () => HostState;
  /** Values that must not be shown. */
  secrets: () => readonly string[];
  /** A line has matched; for whoever waits for it after a start. */
  seen: (pattern: LogPattern, origin: Origin) => void;
  /** In which run of each process a pattern was seen. */
  seenIn: (pattern: string) => Record<string, number>;
};

/** Of longer texts only the beginning is told. */
const maxLineLength = 2000;
const maxCaptureLength = 200;

/** Where a line is that matches, and what comes with it. */
type Place = { label: string; origin: Origin; key: string; isClipped: boolean; more: () => string[] };

/** Looks at the lines of one source of a service, tells which patterns they match, and counts. */
export class SourceWatch {
  readonly service: string;
  readonly source: LogSource;
  readonly #deps: SourceWatchDeps;
  readonly #told: Told;
  readonly #matcher: LineMatcher;
  readonly #watches: ReadonlyMap<LogPattern, PatternWatch>;
  readonly #origins: Origins;
  /** Whatever had come by then is known, by the wall clock. */
  #lookedMs: number;
  #lines: number;
  #bytes: number;
  #measuredLines = 0;
  #measuredBytes = 0;

  /** Goes on where the checkpoint is, if there is one. */
  constructor(service: string, source: LogSource, saved: Checkpoint | undefined, told: Told, deps: SourceWatchDeps) {
    this.service = service;
    this.source = source;
    this.#deps = deps;
    this.#told = told;
    const reader = new LineReader(source.format, () => deps.clock.now());
    this.#matcher = new LineMatcher(source.patterns, (text) => reader.read(text));
    const nowMs = deps.clock.now();
    const shown = (value: string): string => this.#shown(value, maxCaptureLength);
    const watchOf = (its: LogPattern): PatternWatch => new PatternWatch(its, nowMs, saved?.patterns[its.name], shown);
    this.#watches = new Map(source.patterns.map((pattern) => [pattern, watchOf(pattern)]));
    this.#lookedMs = saved?.atMs ?? nowMs;
    this.#lines = saved?.lines ?? 0;
    this.#bytes = saved?.bytes ?? 0;
    this.#origins = new Origins(source.multiline, saved, {
      ...{ clock: deps.clock, told },
      ended: (record, label, origin) => this.#matchRecord(record, label, origin),
    });
  }

  get lines(): number {
    return this.#lines;
  }

  /** Where to go on with each origin, by label. */
  get positions(): Record<string, unknown> {
    return this.#origins.positions;
  }

  /** What is to be saved, all as of now. */
  get checkpoint(): Omit<Checkpoint, "forward"> {
    const { epoch, seq } = this.#deps.state();
    const patterns = [...this.#watches.values()].map(({ pattern, point }) => [
      pattern.name,
      pattern.within === undefined ? point : { ...point, seenIn: this.#deps.seenIn(pattern.name) },
    ]);
    const told = this.#told.left;
    const held = this.#origins.held;
    return {
      ...{ service: this.service, source: this.source.name, atMs: this.#lookedMs, epoch, seq },
      ...{ positions: this.positions, lines: this.#lines, bytes: this.#bytes },
      patterns: Object.fromEntries(patterns) as Checkpoint["patterns"],
      ...(Object.keys(held).length > 0 ? { held } : {}),
      ...(told.length > 0 ? { told } : {}),
      ...(this.source.file ? { globs: this.source.file } : {}),
    };
  }

  /** Looks at lines. */
  take(chunk: Chunk): void {
    const { bytes, label, origin } = chunk;
    this.#bytes += bytes.length;
    if (this.source.multiline) this.#lines += this.#origins.takeRecords(chunk);
    else if (this.source.patterns.length === 0) this.#lines += countLines(bytes);
    else
      this.#lines += this.#matcher.scan(bytes, (found, { start, end }) => {
        const place = { label, origin, key: chunk.keyAt(start), isClipped: chunk.isClippedAt(start) };
        this.#match(found, { ...place, more: () => moreAfter(bytes, end) });
      });
    this.#origins.take(chunk);
  }

  /** Which patterns, by name, have given up a line since this was asked last. */
  takeGivenUp(): string[] {
    return this.#matcher.takeGivenUp();
  }

  /** An origin has come, and is read from a position on. */
  begin(label: string, position: unknown): void {
    this.#origins.begin(label, position);
  }

  /** Whatever origins had come by that moment are known. */
  looked(ms: number): void {
    this.#lookedMs = ms;
  }

  /** All that was there of an origin was taken; where nothing has come of it, it goes on from here. Says whether that is new. */
  catchUp(label: string, position: unknown): boolean {
    return this.#origins.catchUp(label, position);
  }

  /** An origin is gone for good. */
  forget(label: string): void {
    this.#origins.forget(label);
  }

  /**
   * Does what the clock makes due: tells what was suppressed, ends records that have become quiet, and measures. Says whether
   * there is anything new to be saved.
   */
  tick(serviceBeganMs: number): boolean {
    const nowMs = this.#deps.clock.now();
    const hasEnded = this.#origins.endQuiet();
    const due = this.#dueAt(nowMs);
    for (const { pattern, count } of due)
      this.#deps.publish({
        type: "pattern.suppressed",
        data: { ...this.#ofPattern(pattern), source: this.source.name, count },
      });
    this.#measure(nowMs, serviceBeganMs);
    return hasEnded || due.length > 0;
  }

  #measure(nowMs: number, serviceBeganMs: number): void {
    const patterns = [...this.#watches.values()].map((its) => [its.pattern.name, its.measure(nowMs, serviceBeganMs)]);
    const { service, source } = this;
    this.#deps.sample({
      ...{ type: "logs.measured", service, source: source.name },
      ...{ lines: this.#lines - this.#measuredLines, bytes: this.#bytes - this.#measuredBytes },
      patterns: Object.fromEntries(patterns) as Record<string, ReturnType<PatternWatch["measure"]>>,
    });
    this.#measuredLines = this.#lines;
    this.#measuredBytes = this.#bytes;
    const families = [...this.#watches.values()].flatMap((its) => its.families);
    if (families.length > 0)
      this.#deps.sample({
        ...{ type: "series.scraped", service, source: seriesSource(source.name), at: nowMs, tookMs: 0 },
        ...{ outcome: "scraped", families, dropped: 0 },
      });
  }

  #matchRecord({ text, key, isClipped }: LineRecord, label: string, origin: Origin): void {
    for (const found of this.#matcher.matchesOf(text)) {
      const [line = "", ...more] = text.split("\n");
      this.#match({ ...found, text: line }, { label, origin, key, isClipped, more: () => more });
    }
  }

  #match(found: Found, at: Place): void {
    const { pattern } = found;
    const { label, origin } = at;
    const key = `${label}:${at.key}`;
    const line = (): string => this.#shown(found.text, maxLineLength);
    const isTold = this.#told.has(label, pattern.name, line);
    const verdict = this.#watches.get(pattern)?.take(found, isTold, this.#deps.clock.now());
    this.#deps.seen(pattern, origin);
    if (!verdict?.tell) return;
    const { level, timeMs } = found.info();
    const { meaning, cause, resolution, action } = pattern;
    const more = at.more().map((line) => this.#shown(line, maxLineLength));
    const captures = Object.entries(found.captures).map(([name, text]) => [name, this.#shown(text, maxCaptureLength)]);
    const data: EventData<"pattern.matched"> = {
      ...this.#ofPattern(pattern),
      ...{ source: this.source.name, ...origin, line: line() },
      ...(at.isClipped || found.text.length > maxLineLength ? { clipped: true } : {}),
      ...(more.length > 0 ? { more } : {}),
      ...(captures.length > 0 ? { captures: Object.fromEntries(captures) as Record<string, string> } : {}),
      ...(level === undefined ? {} : { level }),
      ...(timeMs === undefined ? {} : { writtenAt: new Date(timeMs).toISOString() }),
      ...(meaning === undefined ? {} : { meaning }),
      ...(cause === undefined ? {} : { cause }),
      ...(resolution === undefined ? {} : { resolution }),
      ...(action === undefined ? {} : { action }),
      suppressed: verdict.suppressed,
      key,
    };
    this.#deps.publish({ type: "pattern.matched", data });
  }

  #dueAt(nowMs: number): { pattern: LogPattern; count: number }[] {
    return [...this.#watches]
      .map(([pattern, its]) => ({ pattern, count: its.due(nowMs) }))
      .filter(({ count }) => count > 0);
  }

  #ofPattern({ name, severity }: LogPattern): { service: string; pattern: string; severity: AlertSeverity } {
    return { service: this.service, pattern: name, severity };
  }

  #shown(text: string, maxLength: number): string {
    return scrub(text, this.#deps.secrets()).slice(0, maxLength);
  }
}

/** By what name the numbers that lines say are known among the sources of numbers; no source of a person can have it. */
export function seriesSource(source: string): string {
  return `logs/${source}`;
}

function moreAfter(bytes: Uint8Array, end: number): string[] {
  const from = end + 1;
  const to = endOfContinuation(bytes, from);
  return to > from ? textsOf(bytes.subarray(from, to)) : [];
}
