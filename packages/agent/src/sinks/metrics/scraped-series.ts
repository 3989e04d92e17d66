import type { Family, Labels, Scraped } from "@ostler/protocol";
import { exported, hasLabels } from "../../core/labels.js";
import type { Reading, Sight } from "../../core/series.js";
import { Sources, type Shown, type Source } from "./sources.js";
import { escapedValue, headerOf, seriesOf, valueInWords, type Format } from "./text.js";

/**
 * What the sources of numbers showed last, for /metrics and for whoever looks at a metric. The series of a service have the label
 * `service`; families of one name have one header, whoever shows them. What has the name of one of the agent's metrics, another
 * type than the family that is there already, or the labels of another series is left out.
 */
export class ScrapedSeries {
  readonly #isTaken: (name: string) => boolean;
  readonly #sources = new Sources();
  readonly #texts = new Map<Format, Buffer>();

  /** `isTaken`: is this the name of a metric of the agent? */
  constructor(isTaken: (name: string) => boolean) {
    this.#isTaken = isTaken;
  }

  /** Takes over what a source shows. Tells how many series are shown, and how many were left out. */
  take(service: string, name: string, at: number, seen: Scraped): { series: number; dropped: number } {
    const before = this.#sources.get(service, name);
    const shown = new Map<string, Shown>();
    const source: Source = { service, name, at, reason: undefined, shown, bySeries: undefined, carried: none };
    let series = 0;
    let dropped = 0;
    if (seen.outcome === "unreachable") {
      source.reason = seen.reason;
      source.carried = before ? carriedBy(before) : none;
    } else {
      dropped = seen.dropped;
      // What it showed before stands in nobody's way.
      for (const family of seen.families) {
        const kept = shown.has(family.name) ? nothingOf(family) : this.#kept(family, service, before);
        dropped += family.points.length - kept.family.points.length;
        series += kept.family.points.length;
        if (kept.family.points.length > 0) shown.set(family.name, kept);
      }
    }
    this.#sources.put(source);
    this.#texts.clear();
    return { series, dropped };
  }

  takeHost(at: number, families: readonly Family[]): void {
    const shown = families
      .filter(({ name }) => !this.#isTaken(name))
      .map((family): [string, Shown] => [family.name, { family, lines: lineUp(family, "", new Set()).lines }]);
    const host = { service: undefined, name: "host", at, reason: undefined, bySeries: undefined, carried: none };
    this.#sources.put({ ...host, shown: new Map(shown) });
    this.#texts.clear();
  }

  /** Forgets a source, or all of a service. Tells which were there. */
  forget(service: string, name?: string): string[] {
    const gone = this.#sources.of(service).filter((its) => name === undefined || its.name === name);
    for (const its of gone) this.#sources.remove(its);
    this.#texts.clear();
    return gone.map((its) => its.name);
  }

  /** Everything that is shown; made once for each change. */
  text(format: Format): Buffer {
    const known = this.#texts.get(format);
    if (known) return known;
    const parts = new Map<string, string[]>();
    for (const { shown } of this.#sources.all())
      for (const { family, lines } of shown.values()) {
        const its = parts.get(family.name);
        if (its) its.push(lines);
        else parts.set(family.name, [headerOf(family, format), lines]);
      }
    const text = Buffer.from([...parts.values()].flat().join(""));
    this.#texts.set(format, text);
    return text;
  }

  look(metric: string, service: string, labels: Labels = {}): Sight {
    const its = this.#sources.of(service);
    const readings = [...this.#sources.of(undefined), ...its].flatMap((source) => readingsIn(source, metric, labels));
    if (readings.length > 0) return { is: "seen", readings };
    const down = its.filter(({ reason }) => reason !== undefined);
    // Of a source that has never answered nobody knows what it would show.
    const lost =
      down.find(({ carried }) => carried.has(metric)) ??
      down.find(({ carried }) => carried === none || down.length === its.length);
    if (lost) return { is: "unreachable", reason: `source ${lost.name}: ${lost.reason}` };
    return { is: "absent", reason: its.length === 0 ? `nothing shows ${metric}` : `no source of ${service} shows it` };
  }

  /**
   * What may be shown of a family of a service, which showed `before` until now. Invariant: all services show a family with one
   * type, so that one of them and the host speak for all.
   */
  #kept(family: Family, service: string, before: Source | undefined): Shown {
    const { name, type } = family;
    if (name.startsWith("ostler_") || this.#isTaken(name)) return nothingOf(family);
    const familiesOf = (sources: readonly (Source | undefined)[]): Family[] =>
      sources.flatMap((source) => (source === before ? [] : (source?.shown.get(name)?.family ?? [])));
    const others = familiesOf([this.#sources.showing(name, before), ...this.#sources.of(undefined)]);
    if (others.some((other) => other.type !== type)) return nothingOf(family);
    const first = `service="${escapedValue(service)}"`;
    const points = familiesOf(this.#sources.of(service)).flatMap((other) => other.points);
    return lineUp(family, first, new Set(points.map((point) => seriesIn(point, first))));
  }
}

function nothingOf(family: Family): Shown {
  return { family: { ...family, points: [] }, lines: "" };
}

/** Of a source that has never answered. */
const none: ReadonlySet<string> = new Set<string>();
const ourLabels = ["service"];

/** The lines of a family; a series that is there already is left out. */
function lineUp(family: Family, first: string, taken: Set<string>): Shown {
  const { points } = family;
  let lines = "";
  const kept = points.filter((point) => {
    const series = seriesIn(point, first);
    if (taken.has(series)) return false;
    taken.add(series);
    lines += `${series} ${valueInWords(point.value)}\n`;
    return true;
  });
  return { family: kept.length === points.length ? family : { ...family, points: kept }, lines };
}

function seriesIn({ name, labels }: { name: string; labels: Labels }, first: string): string {
  return seriesOf(name, first === "" ? labels : exported(labels, ourLabels), first);
}

function readingsIn(source: Source, metric: string, wanted: Labels): Reading[] {
  source.bySeries ??= bySeries(source.shown.values());
  const { service, at: atMs } = source;
  return (source.bySeries.get(metric) ?? []).flatMap(({ points }) =>
    points.flatMap((point) => {
      if (point.name !== metric) return [];
      const labels = service === undefined ? point.labels : { service, ...exported(point.labels, ourLabels) };
      return hasLabels(labels, wanted) ? [{ labels, value: point.value, atMs }] : [];
    }),
  );
}

function bySeries(shown: Iterable<Shown>): Map<string, Family[]> {
  const families = new Map<string, Family[]>();
  for (const { family } of shown)
    for (const name of new Set(family.points.map((point) => point.name)))
      families.set(name, [...(families.get(name) ?? []), family]);
  return families;
}

function carriedBy({ reason, carried, shown, bySeries: known }: Source): ReadonlySet<string> {
  return reason === undefined ? new Set((known ?? bySeries(shown.values())).keys()) : carried;
}
