import type { Family, Labels, Point } from "@ostler/protocol";

/** How a metric adds up; `varying` are the names of the labels whose values come with each number. */
export type Tallied = {
  type: "histogram" | "counter" | "gauge";
  help: string;
  buckets: readonly number[];
  fixed: Labels;
  varying: readonly string[];
};

/** A metric has so many sets of labels; what comes with any other is counted with `other` as each varying label. */
export const maxLabelSets = 50;

/** Of longer values of labels only the beginning is kept. */
const maxValueLength = 200;

/** A set of labels, with how many numbers it had, their sum, the last one, and how many were in each bucket alone. */
export type Sums = { labels: Labels; count: number; sum: number; last: number; inBucket: number[] };

/** Adds up the numbers of one metric. */
export class Tally {
  readonly #name: string;
  readonly #how: Tallied;
  readonly #sets = new Map<string, Sums>();

  constructor(name: string, how: Tallied, saved: readonly Sums[] = []) {
    this.#name = name;
    this.#how = how;
    for (const sums of saved) this.#sets.set(this.#keyOf(sums.labels), sums);
    // What is counted without varying labels is 0 before anything has come; a gauge is nothing yet.
    if (how.varying.length === 0 && how.type !== "gauge") this.#sumsOf({});
  }

  /** What has been added up so far, for the next one to go on with. */
  get sums(): Sums[] {
    return [...this.#sets.values()];
  }

  /** Takes what came with a line. A counter cannot fall: it leaves out what is below zero. */
  add(value: number, varying: Labels = {}): void {
    const { type, buckets } = this.#how;
    if (type === "counter" && value < 0) return;
    const sums = this.#sumsOf(varying);
    sums.count++;
    sums.sum += value;
    sums.last = value;
    const at = buckets.findIndex((bound) => value <= bound);
    if (at >= 0) sums.inBucket[at] = (sums.inBucket[at] ?? 0) + 1;
  }

  /** The metric as it is shown; nothing while it has no series. */
  families(): Family[] {
    const { type, help } = this.#how;
    const points = [...this.#sets.values()].flatMap((sums) => this.#pointsOf(sums));
    return points.length === 0 ? [] : [{ name: this.#name, type, help, points }];
  }

  #sumsOf(varying: Labels): Sums {
    const { varying: names } = this.#how;
    const values = this.#valuesOf(varying);
    const key = JSON.stringify(values);
    const known = this.#sets.get(key);
    if (known) return known;
    if (this.#sets.size < maxLabelSets) return this.#begin(key, values);
    const others = names.map(() => "other");
    const rest = JSON.stringify(others);
    return this.#sets.get(rest) ?? this.#begin(rest, others);
  }

  #keyOf(labels: Labels): string {
    return JSON.stringify(this.#valuesOf(labels));
  }

  #valuesOf(labels: Labels): string[] {
    return this.#how.varying.map((label) => (labels[label] ?? "").slice(0, maxValueLength));
  }

  #begin(key: string, values: readonly string[]): Sums {
    const { fixed, varying, buckets } = this.#how;
    const labels = { ...fixed, ...Object.fromEntries(varying.map((label, at) => [label, values[at] ?? ""])) };
    const sums = { labels, count: 0, sum: 0, last: 0, inBucket: buckets.map(() => 0) };
    this.#sets.set(key, sums);
    return sums;
  }

  #pointsOf({ labels, count, sum, last, inBucket }: Sums): Point[] {
    const { type, buckets } = this.#how;
    const name = this.#name;
    switch (type) {
      case "counter":
        return [{ name, labels, value: sum }];
      case "gauge":
        return [{ name, labels, value: last }];
      case "histogram": {
        let below = 0;
        const cumulative = buckets.map((bound, at) => point("_bucket", (below += inBucket[at] ?? 0), String(bound)));
        return [...cumulative, point("_bucket", count, "+Inf"), point("_sum", sum), point("_count", count)];
      }
      default:
        return type satisfies never;
    }
    function point(ending: string, value: number, le?: string): Point {
      return { name: `${name}${ending}`, labels: le === undefined ? labels : { ...labels, le }, value };
    }
  }
}
