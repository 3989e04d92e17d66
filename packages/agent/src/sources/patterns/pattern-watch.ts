import type { Family, PatternFigures } from "@ostler/protocol";
import type { LogPattern } from "../../config/logs/log-pattern.js";
import { defaultBuckets } from "../../config/numbers/log.js";
import { Tally, type Sums } from "../../core/tally.js";
import type { PatternPoint } from "./checkpoints.js";
import { Limiter } from "./limiter.js";
import type { Found } from "./line-matcher.js";
import { Recent } from "./recent.js";

/** What becomes of a match: it is told, with how many were suppressed before it, or not. */
export type Verdict = { tell: true; suppressed: number } | { tell: false };

/** What is counted of one pattern. */
export class PatternWatch {
  readonly pattern: LogPattern;
  readonly #limiter: Limiter;
  readonly #recent: Recent | undefined;
  readonly #tally: Tally | undefined;
  readonly #shown: (value: string) => string;
  readonly #beganMs: number;
  #matches: number;
  #measured = 0;
  #lastMs: number | undefined;

  /** `shown` makes of a value out of a line what may be shown of it. */
  constructor(pattern: LogPattern, nowMs: number, saved: PatternPoint | undefined, shown: (value: string) => string) {
    const { rate, limit, extract } = pattern;
    this.pattern = pattern;
    this.#shown = shown;
    this.#beganMs = nowMs;
    this.#matches = saved?.matches ?? 0;
    this.#lastMs = saved?.lastMs;
    this.#limiter = new Limiter(limit, saved?.limiter);
    this.#recent = rate && new Recent(rate.window, saved?.recent);
    this.#tally = extract && tallyOf(extract, saved?.tally);
  }

  /** Counts a match, which an agent before this one may have told already. */
  take(found: Found, isTold: boolean, nowMs: number): Verdict {
    this.#matches++;
    this.#lastMs = nowMs;
    const { rate } = this.pattern;
    this.#recent?.add(rate?.by === undefined ? "" : this.#shownOf(found, rate.by), nowMs);
    this.#extract(found);
    if (isTold) {
      this.#limiter.tell();
      return { tell: false };
    }
    const suppressed = this.#limiter.take(nowMs);
    return suppressed === undefined ? { tell: false } : { tell: true, suppressed };
  }

  /** How many matches are to be told as suppressed now. */
  due(nowMs: number): number {
    return this.#limiter.due(nowMs);
  }

  /** Figures since the last time; the age is that of the last match, or of what began after it. */
  measure(nowMs: number, serviceBeganMs: number): PatternFigures {
    const matches = this.#matches - this.#measured;
    this.#measured = this.#matches;
    const sinceMs = Math.max(this.#lastMs ?? this.#beganMs, serviceBeganMs);
    const ageSeconds = Math.max(0, nowMs - sinceMs) / 1000;
    return { matches, ageSeconds, ...(this.#recent ? { recent: this.#recent.top(nowMs) } : {}) };
  }

  get families(): Family[] {
    return this.#tally?.families() ?? [];
  }

  get point(): PatternPoint {
    const { extract } = this.pattern;
    return {
      matches: this.#matches,
      ...(this.#lastMs === undefined ? {} : { lastMs: this.#lastMs }),
      limiter: this.#limiter.state,
      ...(this.#recent ? { recent: this.#recent.state } : {}),
      ...(extract && this.#tally ? { tally: { definition: definitionOf(extract), sums: this.#tally.sums } } : {}),
    };
  }

  #shownOf({ valueOf }: Found, name: string): string {
    return this.#shown(String(valueOf(name) ?? ""));
  }

  #extract(found: Found): void {
    const { extract } = this.pattern;
    if (!extract || !this.#tally) return;
    const said = found.valueOf(extract.value);
    const value = typeof said === "string" && said.trim() === "" ? NaN : Number(said ?? NaN);
    if (!Number.isFinite(value)) return; // A line without a number says nothing.
    const varying = varyingOf(extract.labels).map(([label, from]) => [label, this.#shownOf(found, from)] as const);
    this.#tally.add(value * extract.scale, Object.fromEntries(varying));
  }
}

type Extract = NonNullable<LogPattern["extract"]>;

/** Begins anew where what was added up before was something else. */
function tallyOf(extract: Extract, saved: PatternPoint["tally"]): Tally {
  const { metric, type, buckets = defaultBuckets, labels, help } = extract;
  const sums = saved?.definition === definitionOf(extract) ? (saved.sums as Sums[]) : [];
  const varying = varyingOf(labels).map(([label]) => label);
  const fixed = Object.fromEntries(Object.entries(labels).filter(([label]) => !varying.includes(label)));
  return new Tally(metric, { type, help, buckets, fixed, varying }, sums);
}

/** All that numbers depend on, and are shown with. */
function definitionOf({ metric, value, type, buckets, scale, labels }: Extract): string {
  return JSON.stringify({ metric, value, type, buckets, scale, labels });
}

/** The labels whose values come from each line, with what they come from. */
function varyingOf(labels: Extract["labels"]): [label: string, from: string][] {
  return Object.entries(labels).flatMap(([label, text]) => (text.startsWith("$") ? [[label, text.slice(1)]] : []));
}
