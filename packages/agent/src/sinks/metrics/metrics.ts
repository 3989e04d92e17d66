import { monitorEventLoopDelay } from "node:perf_hooks";
import { isHostEvent, type HostState, type Labels, type Sample } from "@ostler/protocol";
import type { Published } from "../../core/bus.js";
import { systemClock, type Clock } from "../../core/clock.js";
import { hasLabels } from "../../core/labels.js";
import type { LookAt, Sight } from "../../core/series.js";
import { readBackups } from "./backup-gauges.js";
import { count } from "./event-counters.js";
import { watchGc } from "./gc.js";
import { LogSeries } from "./log-series.js";
import { OwnSeries } from "./own-series.js";
import { ScrapedSeries } from "./scraped-series.js";
import { readState } from "./state-gauges.js";
import { contentTypes, formatFor } from "./text.js";
import { UsageSeries } from "./usage-series.js";

export type JournalFigures = { bytes: number; first: number; durable: number };
export type MetricsDeps = { state: () => HostState; journal: () => JournalFigures; version: string; clock?: Clock };

export type Rendered = { contentType: string; body: Buffer; readonly text: string };

/** How finely the event loop's lag is measured; finer would wake an idle agent more often. */
const lagResolutionMs = 200;

/**
 * For looks, what is only read when somebody looks is read at most this often; a look may see it as it was so long ago. What is
 * counted as it passes is always that of now, and so is everything that is rendered.
 */
const lookEveryMs = 1000;

/**
 * Counts events and samples as they pass, and reads everything else out of the state when it is scraped. What services show
 * themselves is shown beside.
 */
export class Metrics implements Disposable {
  readonly #own = new OwnSeries();
  readonly #scraped = new ScrapedSeries((name) => this.#own.has(name));
  readonly #instruments = this.#own.instruments;
  readonly #deps: MetricsDeps;
  readonly #clock: Clock;
  readonly #usage: UsageSeries;
  readonly #logs = new LogSeries(this.#instruments);
  readonly #lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
  readonly #gc: Disposable;
  /** The state that the gauges show. */
  #shown: HostState | undefined;
  #cpuSeconds = 0;
  /** When anybody last read for looks, by the monotonic clock. */
  #readForLooksMs = -Infinity;

  constructor(deps: MetricsDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#usage = new UsageSeries(this.#instruments);
    this.#instruments.build.set({ version: deps.version, node: process.version }, 1);
    this.#instruments.configGood.set(1);
    this.#lag.enable();
    this.#gc = watchGc((kind, seconds) => this.#instruments.gcSeconds.observe({ kind }, seconds));
  }

  /** Longest delay of the event loop since the last scrape. */
  get lagMs(): number {
    return Math.max(0, this.#lag.max / 1e6 - lagResolutionMs);
  }

  /** The bus's listener. */
  readonly follow = ({ event, envelope, state }: Published): void => {
    this.#instruments.events.inc({ type: envelope.type });
    if (!isHostEvent(event)) return;
    count(event, this.#instruments);
    this.#usage.follow(event, state);
    if (event.type === "service.removed") {
      this.#forget(event.data.service);
      this.#logs.forgetService(event.data.service);
    }
  };

  /** The bus's listener of samples. */
  readonly take = (sample: Sample): void => {
    const { checkSeconds, probes, journalWrites, requests, requestSeconds } = this.#instruments;
    switch (sample.type) {
      case "check.probed": {
        const { service, check, ok, tookMs } = sample;
        probes.inc({ service, check, result: ok ? "passed" : "failed" });
        return checkSeconds.observe({ service, check }, tookMs / 1000);
      }
      case "process.measured":
        return this.#usage.take(sample, sample.usage);
      case "journal.written":
        return journalWrites.observe(sample.tookMs / 1000);
      case "output.freed": {
        const { service, process: name, stream, bytes } = sample;
        return this.#instruments.outputFreed.inc({ service, process: name, stream }, bytes);
      }
      case "http.answered": {
        const { route, method, status, tookMs } = sample;
        requests.inc({ route, method, status });
        return requestSeconds.observe({ route }, tookMs / 1000);
      }
      case "series.scraped":
        return this.#takeScraped(sample);
      case "series.forgotten":
        return this.#forget(sample.service, sample.source);
      case "host.measured":
        return this.#takeHost(sample);
      case "logs.measured":
        return this.#logs.take(sample);
      case "logs.forgotten":
        return this.#logs.forget(sample.service, sample.source);
      case "lines.forwarded":
        return; // For the log alone.
      default:
        return sample satisfies never;
    }
  };

  /** Everything as text: OpenMetrics for who asks for it, else Prometheus 0.0.4. */
  render(accept: string): Promise<Rendered> {
    this.#collect(["state", "backups", "journal", "process", "event-loop"]);
    const format = formatFor(accept);
    const own = Buffer.from(this.#own.text(format));
    const end = format === "openMetrics" ? [endOfText] : [];
    const body = Buffer.concat([own, this.#scraped.text(format), ...end]);
    return Promise.resolve({
      contentType: contentTypes[format],
      body,
      get text() {
        return body.toString();
      },
    });
  }

  /** Looks at a metric as it is shown here, or was within the last second. */
  readonly look: LookAt = (metric, service, labels = {}) => {
    if (!this.#own.has(metric)) return this.#scraped.look(metric, service, labels);
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#readForLooksMs >= lookEveryMs) {
      this.#readForLooksMs = nowMs;
      this.#collect(["state", "backups", "journal", "process"]);
    }
    return this.#lookAtOwn(metric, service, labels);
  };

  [Symbol.dispose](): void {
    this.#lag.disable();
    this.#gc[Symbol.dispose]();
    this.#own[Symbol.dispose]();
  }

  #lookAtOwn(metric: string, service: string, wanted: Labels): Sight {
    const atMs = this.#clock.now();
    const readings = this.#own
      .pointsOf(metric, service)
      .filter(({ labels }) => hasLabels(labels, wanted))
      .map(({ labels, value }) => ({ labels, value, atMs }));
    return readings.length > 0
      ? { is: "seen", readings }
      : { is: "absent", reason: `there is no such series of ${metric}` };
  }

  #takeHost({ at, families, failed }: Sample & { type: "host.measured" }): void {
    this.#scraped.takeHost(at, families);
    for (const [name, reason] of Object.entries(failed))
      this.#instruments.collectorSuccess.set({ collector: `host ${name}` }, Number(reason === ""));
  }

  #takeScraped(sample: Sample & { type: "series.scraped" }): void {
    const { service, source, at, tookMs } = sample;
    const its = this.#instruments;
    const { series, dropped } = this.#scraped.take(service, source, at, sample);
    const isUp = sample.outcome === "scraped";
    its.scrapeUp.set({ service, source }, Number(isUp));
    its.scrapeSeconds.set({ service, source }, tookMs / 1000);
    its.scrapeSeries.set({ service, source }, series);
    if (isUp) its.scrapeSuccess.set({ service, source }, at / 1000);
    its.seriesDropped.inc({ service }, dropped);
  }

  /** Forgets a source of numbers, or all of a service. */
  #forget(service: string, source?: string): void {
    const { scrapeUp, scrapeSeconds, scrapeSeries, scrapeSuccess, seriesDropped } = this.#instruments;
    for (const gone of this.#scraped.forget(service, source))
      for (const metric of [scrapeUp, scrapeSeconds, scrapeSeries, scrapeSuccess])
        metric.remove({ service, source: gone });
    if (source === undefined) seriesDropped.remove({ service });
  }

  /** Reads what is only read when somebody looks. One that fails leaves its figures as they were, and says so. */
  #collect(collectors: readonly Collector[]): void {
    for (const collector of collectors) {
      let success = 1;
      try {
        this.#read[collector]();
      } catch {
        success = 0; // Told by its metric.
      }
      this.#instruments.collectorSuccess.set({ collector }, success);
    }
  }

  readonly #read: Record<Collector, () => void> = {
    state: () => {
      const state = this.#deps.state();
      if (state !== this.#shown) readState(state, this.#instruments);
      this.#shown = state;
    },
    backups: () => readBackups(this.#deps.state(), this.#clock.now(), this.#instruments),
    journal: () => this.#readJournal(),
    process: () => this.#readProcess(),
    "event-loop": () => {
      this.#instruments.loopLag.set(this.lagMs / 1000);
      this.#lag.reset();
    },
  };

  #readJournal(): void {
    const its = this.#instruments;
    const { bytes, first, durable } = this.#deps.journal();
    its.journalBytes.set(bytes);
    its.journalFirst.set(first);
    its.journalLast.set(durable);
  }

  #readProcess(): void {
    const its = this.#instruments;
    const { rss, heapUsed } = process.memoryUsage();
    its.residentBytes.set(rss);
    its.heapBytes.set(heapUsed);
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    its.cpuSeconds.inc(cpuSeconds - this.#cpuSeconds);
    this.#cpuSeconds = cpuSeconds;
  }
}

/** What is read for each scrape. */
type Collector = "state" | "backups" | "journal" | "process" | "event-loop";

const endOfText = Buffer.from("# EOF\n");
