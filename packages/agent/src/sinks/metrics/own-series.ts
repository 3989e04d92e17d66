import type { Family, Labels, Point } from "@ostler/protocol";
import { Registry } from "prom-client";
import { instrumentsIn, metrics, type Instruments, type MetricSpec } from "./catalogue.js";
import { headerOf, linesOf, type Format } from "./text.js";

/** What one set of labels holds in prom-client's metrics, which offer no list of them. */
type Held = {
  labels: Record<string, unknown>;
  value?: number;
  bucketValues?: Record<string, number>;
  sum?: number;
  count?: number;
};

/** The agent's own metrics. What a metric shows is written again only when it has changed since. */
export class OwnSeries implements Disposable {
  readonly instruments: Instruments;
  readonly #registry = new Registry();
  readonly #specs: readonly MetricSpec[] = Object.values(metrics);
  /** The series of each metric that has not changed since, as objects and as text. */
  readonly #families = new Map<string, Family>();
  readonly #lines = new Map<string, string>();
  /** The same series by their names and services, where somebody has looked for them. */
  readonly #indexes = new Map<string, Index>();
  readonly #headers: Record<Format, Map<string, string>>;
  /** The metric that each series belongs to, by the name of the series. */
  readonly #owners = new Map<string, MetricSpec>();

  constructor() {
    this.instruments = instrumentsIn(this.#registry, (name) => {
      this.#families.delete(name);
      this.#lines.delete(name);
      this.#indexes.delete(name);
    });
    const headersIn = (format: Format): Map<string, string> =>
      new Map(this.#specs.map((spec) => [spec.name, headerOf(spec, format)]));
    this.#headers = { prometheus: headersIn("prometheus"), openMetrics: headersIn("openMetrics") };
    for (const spec of this.#specs)
      for (const ending of spec.type === "histogram" ? ["", "_bucket", "_sum", "_count"] : [""])
        this.#owners.set(`${spec.name}${ending}`, spec);
  }

  /** Is this the name of one of these metrics, or of a series of one? */
  has(name: string): boolean {
    return this.#owners.has(name);
  }

  /** The series with this name that are the service's or nobody's. */
  pointsOf(name: string, service: string): Point[] {
    const spec = this.#owners.get(name);
    if (!spec) return [];
    const index = this.#indexes.get(spec.name) ?? indexOf(this.#familyOf(spec));
    this.#indexes.set(spec.name, index);
    const its = index.get(name);
    return [...(its?.get(nobody) ?? []), ...(its?.get(service) ?? [])];
  }

  text(format: Format): string {
    let text = "";
    for (const spec of this.#specs) text += `${this.#headers[format].get(spec.name) ?? ""}${this.#linesOf(spec)}`;
    return text;
  }

  [Symbol.dispose](): void {
    this.#registry.clear();
  }

  #linesOf(spec: MetricSpec): string {
    const known = this.#lines.get(spec.name);
    if (known !== undefined) return known;
    const lines = linesOf(this.#familyOf(spec).points);
    this.#lines.set(spec.name, lines);
    return lines;
  }

  #familyOf({ name, type, help, buckets = [] }: MetricSpec): Family {
    const known = this.#families.get(name);
    if (known) return known;
    const { hashMap } = this.#registry.getSingleMetric(name) as unknown as { hashMap: Record<string, Held> };
    const points = Object.values(hashMap).flatMap((held) => pointsIn(name, held, buckets));
    const family: Family = { name, type, help, points };
    this.#families.set(name, family);
    return family;
  }
}

/** By the name of the series, and by the service. */
type Index = Map<string, Map<string | undefined, Point[]>>;

/** Whose the series are that have no service. */
const nobody = undefined;

function indexOf({ points }: Family): Index {
  const index: Index = new Map();
  for (const point of points) {
    const byService = index.get(point.name) ?? new Map<string | undefined, Point[]>();
    index.set(point.name, byService);
    const its = byService.get(point.labels.service);
    if (its) its.push(point);
    else byService.set(point.labels.service, [point]);
  }
  return index;
}

function pointsIn(
  name: string,
  { labels: given, value = 0, bucketValues, sum = 0, count = 0 }: Held,
  buckets: number[],
): Point[] {
  const labels: Labels = Object.fromEntries(Object.entries(given).map(([label, text]) => [label, String(text)]));
  if (!bucketValues) return [{ name, labels, value }];
  let below = 0;
  const shown = buckets.map((bound) => {
    below += bucketValues[bound] ?? 0;
    return { name: `${name}_bucket`, labels: { le: String(bound), ...labels }, value: below };
  });
  return [
    ...shown,
    { name: `${name}_bucket`, labels: { le: "+Inf", ...labels }, value: count },
    { name: `${name}_sum`, labels, value: sum },
    { name: `${name}_count`, labels, value: count },
  ];
}
