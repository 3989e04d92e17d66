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
  /** Directory of the spool files. */
  spools: string;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

export type Services = Readonly<Record<string, ServiceConfig>>;

/** A source as it was configured, and who asks it. */
type Asked = { written: string; scraper: Scraper };

/** The sources of one service, by name. */
type Watched = { sources: Map<string, Asked>; budget: SeriesBudget; max: number; isOver: boolean };

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

  /** Begins the sources anew that have changed; the others go on. */
  prepare(services: Services): Prepared {
    return { commit: async () => this.#reconfigure(services), discard: async () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sources } of this.#watched.values()) for (const asked of sources.values()) this.#end(asked);
    this.#watched.clear();
    await Promise.all(this.#ending);
  }

  #reconfigure(services: Services): void {
    for (const [service, { sources }] of this.#watched) {
      const wanted = own(services, service)?.metrics.scrape ?? [];
      for (const [source, asked] of sources) {
        if (wanted.some(({ name }) => name === source)) continue;
        this.#end(asked);
        this.#deps.sample({ type: "series.forgotten", service, source });
      }
      if (wanted.length > 0) continue;
      this.#tellOver(service, false);
      this.#watched.delete(service);
    }
    for (const [service, config] of Object.entries(services)) this.#begin(service, config);
  }

  #begin(service: string, { metrics, attach }: ServiceConfig): void {
    const { scrape, max_series: max } = metrics;
    if (scrape.length === 0) return;
    const before = this.#watched.get(service);
    const names = scrape.map(({ name }) => name);
    const budget = new SeriesBudget(names, max, before?.budget);
    const sources = new Map<string, Asked>();
    this.#watched.set(service, { sources, budget, max, isOver: before?.isOver ?? false });
    for (const source of scrape) {
      const written = JSON.stringify([source, attach?.systemd]);
      const old = before?.sources.get(source.name);
      const isSame = old?.written === written;
      sources.set(source.name, isSame ? old : { written, scraper: this.#scraper(service, source, attach?.systemd) });
      if (isSame) continue;
      if (old) this.#end(old);
      const reason = this.#runs(service) ? "it has not been asked yet" : notRunning;
      this.#tell(service, source.name, { outcome: "unreachable", reason }, 0);
    }
    this.#look(service);
  }

  #scraper(service: string, source: NumbersSource, unit: string | undefined): Scraper {
    const { clock, random, spools } = this.#deps;
    const { name, every, timeout, labels } = source;
    const ask = askOf(source, { service, spools, unit });
    return new Scraper(
      { every, timeout, ask },
      {
        clock,
        random,
        fit: (families) => {
          const budget = this.#watched.get(service)?.budget;
          return budget?.fit(name, withLabels(families, labels)) ?? { families: [], dropped: 0 };
        },
        tell: (seen, tookMs) => this.#tell(service, name, seen, tookMs),
      },
    );
  }

  /** Lets the sources of a service be asked as long as it runs. */
  #look(service: string): void {
    const runs = this.#runs(service);
    for (const [source, { scraper }] of this.#watched.get(service)?.sources ?? []) {
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
    // Nobody knows how much a source has that does not answer.
    if (seen.outcome === "scraped" || seen.reason === notRunning)
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

  #end({ scraper }: Asked): void {
    const ended = scraper[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

const notRunning = "the service does not run";
