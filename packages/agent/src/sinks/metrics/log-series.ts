import type { PatternFigures, Sample } from "@ostler/protocol";
import type { Instruments } from "./catalogue.js";

type Measured = Sample & { type: "logs.measured" };
type Source = { service: string; source: string };

/** Keeps what is shown of the lines of services, and removes what is there no more. */
export class LogSeries {
  readonly #its: Instruments;
  /** The groups that are shown of each pattern, and the patterns that are shown of each source. */
  readonly #shown = new Map<string, Map<string, Set<string>>>();

  constructor(instruments: Instruments) {
    this.#its = instruments;
  }

  take({ service, source, lines, bytes, patterns }: Measured): void {
    const its = { service, source };
    this.#its.logLines.inc(its, lines);
    this.#its.logBytes.inc(its, bytes);
    const shown = this.#shownOf(its);
    for (const pattern of shown.keys()) if (!Object.hasOwn(patterns, pattern)) this.#remove(its, pattern, shown);
    for (const [pattern, figures] of Object.entries(patterns)) this.#takePattern(its, pattern, figures, shown);
  }

  /** Forgets a source of lines. */
  forget(service: string, source: string): void {
    const its = { service, source };
    const shown = this.#shownOf(its);
    for (const pattern of shown.keys()) this.#remove(its, pattern, shown);
    this.#shown.delete(keyOf(its));
    this.#its.logLines.remove(its);
    this.#its.logBytes.remove(its);
  }

  /** Forgets all that there is of a service. */
  forgetService(service: string): void {
    for (const key of this.#shown.keys()) {
      const [its = "", source = ""] = key.split("/");
      if (its === service) this.forget(service, source);
    }
  }

  #takePattern(its: Source, pattern: string, figures: PatternFigures, shown: Map<string, Set<string>>): void {
    const labels = { ...its, pattern };
    this.#its.logMatches.inc(labels, figures.matches);
    this.#its.logMatchAge.set(labels, figures.ageSeconds);
    const recent = figures.recent ?? [];
    const groups = new Set(recent.map(({ group }) => group));
    for (const group of shown.get(pattern) ?? [])
      if (!groups.has(group)) this.#its.logRecent.remove({ ...labels, group });
    for (const { group, count } of recent) this.#its.logRecent.set({ ...labels, group }, count);
    shown.set(pattern, groups);
  }

  #remove(its: Source, pattern: string, shown: Map<string, Set<string>>): void {
    const labels = { ...its, pattern };
    for (const group of shown.get(pattern) ?? []) this.#its.logRecent.remove({ ...labels, group });
    this.#its.logMatches.remove(labels);
    this.#its.logMatchAge.remove(labels);
    shown.delete(pattern);
  }

  #shownOf(its: Source): Map<string, Set<string>> {
    const key = keyOf(its);
    const shown = this.#shown.get(key) ?? new Map<string, Set<string>>();
    this.#shown.set(key, shown);
    return shown;
  }
}

/** Names have no slash. */
function keyOf({ service, source }: Source): string {
  return `${service}/${source}`;
}
