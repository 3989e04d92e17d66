import { isHostEvent, own, type HostState, type Scraped } from "@ostler/protocol";
import type { NumbersSource } from "../../config/metrics.js";
import type { ServiceConfig } from "../../config/services.js";
import type { Prepared } from "../../core/assembly.js";
import type { Published, TakeSample } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { askOf } from "./ask.js";
import { withLabels } from "./families.js";
import { Scraper } from "./scraper.js";
import { SeriesBudget } from "./series-budget.js";

export type ScrapeDeps = {
  sample: TakeSample;
  clock: Clock;
  random: () => number;
  state: () => HostState;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

export type Services = Readonly<Record<string, ServiceConfig>>;

/** The sources of one service. */
type Watched = { written: string; scrapers: Map<string, Scraper>; budget: SeriesBudget; max: number; isOver: boolean };

/**
 * Asks the sources of numbers of every service while a daemon of the service runs, and tells what they show. The sources of a
 * service that does not run are unreachable.
 */
export class Scrape implements AsyncDisposable {
  readonly #deps: ScrapeDeps;
  readonly #watched = new Map<string, Watched>();
  /** Scrapers whose last question may not have ended. */
  readonly #ending = new Set<Promise<void>>();

  constructor(services: Services, deps: ScrapeDeps) {
    this.#deps = deps;
    for (const [service, config] of Object.entries(services)) this.#begin(service, config);
  }

  /** The bus's listener. */
  readonly follow = ({ event }: Published): void => {
    if (!isHostEvent(event) || !event.type.startsWith("service.") || !("service" in event.data)) return;
    const { service } = event.data;
    if (service !== undefined) this.#look(service);
  };

  /** Begins the sources of the services anew whose sources have changed; the others go on. */
  prepare(services: Services): Prepared {
    return { commit: async () => this.#reconfigure(services), discard: async () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { scrapers } of this.#watched.values()) this.#end(scrapers);
    this.#watched.clear();
    await Promise.all(this.#ending);
  }

  #reconfigure(services: Services): void {
    for (const [service, { written, scrapers }] of this.#watched) {
      const config = own(services, service);
      if (config && written === JSON.stringify(config.metrics)) continue;
      this.#end(scrapers);
      const kept = config?.metrics.scrape.map(({ name }) => name) ?? [];
      for (const source of scrapers.keys())
        if (!kept.includes(source)) this.#deps.sample({ type: "series.forgotten", service, source });
      this.#tellOver(service, false);
      this.#watched.delete(service);
    }
    for (const [service, config] of Object.entries(services))
      if (!this.#watched.has(service)) this.#begin(service, config);
  }

  #begin(service: string, { metrics }: ServiceConfig): void {
    const { scrape, max_series: max } = metrics;
    if (scrape.length === 0) return;
    const names = scrape.map(({ name }) => name);
    const budget = new SeriesBudget(names, max);
    const scrapers = new Map(scrape.map((source) => [source.name, this.#scraper(service, source, budget)]));
    this.#watched.set(service, { written: JSON.stringify(metrics), scrapers, budget, max, isOver: false });
    const reason = this.#runs(service) ? "it has not been asked yet" : notRunning;
    for (const source of names) this.#tell(service, source, { outcome: "unreachable", reason }, 0);
    this.#look(service);
  }

  #scraper(service: string, source: NumbersSource, budget: SeriesBudget): Scraper {
    const { clock, random } = this.#deps;
    const { name, every, timeout, labels } = source;
    const ask = askOf(source);
    return new Scraper(
      { every, timeout, ask },
      {
        clock,
        random,
        fit: (families) => budget.fit(name, withLabels(families, labels)),
        tell: (seen, tookMs) => this.#tell(service, name, seen, tookMs),
      },
    );
  }

  /** Lets the sources of a service be asked as long as it runs. */
  #look(service: string): void {
    const runs = this.#runs(service);
    for (const [source, scraper] of this.#watched.get(service)?.scrapers ?? []) {
      if (runs) scraper.start();
      if (runs || !scraper.runs) continue;
      scraper.stop();
      this.#tell(service, source, { outcome: "unreachable", reason: notRunning }, 0);
    }
  }

  /** Does a daemon of the service run? */
  #runs(service: string): boolean {
    const processes = own(this.#deps.state().services, service)?.processes ?? {};
    return Object.values(processes).some(
      ({ type, phase }) => type === undefined && (phase.name === "running" || phase.name === "stopping"),
    );
  }

  #tell(service: string, source: string, seen: Scraped, tookMs: number): void {
    const watched = this.#watched.get(service);
    if (seen.outcome === "unreachable") watched?.budget.release(source);
    this.#deps.sample({ type: "series.scraped", service, source, at: this.#deps.clock.now(), tookMs, ...seen });
    this.#tellOver(service, watched?.budget.isOver ?? false);
  }

  /** That there are too many series is told once, and once that there no longer are. */
  #tellOver(service: string, isOver: boolean): void {
    const watched = this.#watched.get(service);
    if (!watched || watched.isOver === isOver) return;
    watched.isOver = isOver;
    const part = `metrics of ${service}`;
    const reason = `more than ${watched.max} series: the metrics that came last are left out, see services.${service}.metrics.max_series`;
    if (isOver) this.#deps.degraded(part, reason);
    else this.#deps.recovered(part);
  }

  #end(scrapers: ReadonlyMap<string, Scraper>): void {
    for (const scraper of scrapers.values()) {
      const ended = scraper[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
    }
  }
}

const notRunning = "the service does not run";
