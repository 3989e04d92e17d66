import { monitorEventLoopDelay } from "node:perf_hooks";
import { isHostEvent, maintenanceOf, type HostEvent, type HostState, type Sample } from "@ostler/protocol";
import { Registry } from "prom-client";
import type { Published } from "../../core/bus.js";
import { instrumentsIn, type Instruments } from "./catalogue.js";
import { UsageSeries } from "./usage-series.js";

export type JournalFigures = { bytes: number; first: number; durable: number };
export type MetricsDeps = { state: () => HostState; journal: () => JournalFigures; version: string };

export type Rendered = { contentType: string; text: string };

const prometheusText = Registry.PROMETHEUS_CONTENT_TYPE;
const openMetrics = Registry.OPENMETRICS_CONTENT_TYPE;

/** How finely the event loop's lag is measured; finer would wake an idle agent more often. */
const lagResolutionMs = 200;

/** Counts events and samples as they pass, and reads everything else out of the state when it is scraped. */
export class Metrics implements Disposable {
  readonly #registry = new Registry();
  readonly #instruments: Instruments;
  readonly #deps: MetricsDeps;
  readonly #usage: UsageSeries;
  readonly #lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
  /** The state that the gauges show. */
  #shown: HostState | undefined;
  #cpuSeconds = 0;
  #rendering: Promise<unknown> = Promise.resolve();

  constructor(deps: MetricsDeps) {
    this.#deps = deps;
    this.#instruments = instrumentsIn(this.#registry);
    this.#usage = new UsageSeries(this.#instruments);
    this.#instruments.build.set({ version: deps.version, node: process.version }, 1);
    this.#instruments.configGood.set(1);
    this.#lag.enable();
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
      case "http.answered": {
        const { route, method, status, tookMs } = sample;
        requests.inc({ route, method, status });
        return requestSeconds.observe({ route }, tookMs / 1000);
      }
      case "series.scraped":
      case "host.measured":
        return;
      default:
        return sample satisfies never;
    }
  };

  /** Everything as text: OpenMetrics for who asks for it, else Prometheus 0.0.4. One at a time: the format is the registry's. */
  render(accept: string): Promise<Rendered> {
    const contentType = accept.includes("application/openmetrics-text") ? openMetrics : prometheusText;
    const rendered = this.#rendering.then(async () => {
      const state = this.#deps.state();
      if (state !== this.#shown) this.#readState(state);
      this.#shown = state;
      this.#readSelf();
      this.#registry.setContentType(contentType as typeof prometheusText);
      return { contentType, text: await this.#registry.metrics() };
    });
    this.#rendering = rendered.catch(() => undefined);
    return rendered;
  }

  [Symbol.dispose](): void {
    this.#lag.disable();
    this.#registry.clear();
  }

  #readState(state: HostState): void {
    const { agent, config, services, controllers } = state;
    const its = this.#instruments;
    for (const gauge of [
      its.degraded,
      its.serviceReady,
      its.serviceIsolated,
      its.serviceMaintenance,
      its.processUp,
      its.processStarted,
      its.checkUp,
      its.controllers,
    ])
      gauge.reset();
    its.agentStarted.set(seconds(agent.startedAt));
    its.configApplied.set(seconds(config.appliedAt));
    for (const part of Object.keys(agent.degraded)) its.degraded.set({ part }, 1);
    for (const [controller, { connected }] of Object.entries(controllers))
      its.controllers.set({ controller }, Number(connected));
    for (const [service, { ready, processes, checks, isolation }] of Object.entries(services)) {
      its.serviceReady.set({ service }, Number(ready));
      its.serviceMaintenance.set({ service }, Number(maintenanceOf(state, service) !== undefined));
      its.serviceIsolated.set({ service }, Number(isolation !== undefined));
      for (const [process, { phase }] of Object.entries(processes)) {
        const runs = phase.name === "running" || phase.name === "stopping";
        its.processUp.set({ service, process }, Number(runs));
        if (runs) its.processStarted.set({ service, process }, seconds(phase.since));
      }
      for (const [check, { role, status }] of Object.entries(checks))
        if (status !== "pending") its.checkUp.set({ service, check, role }, Number(status === "passed"));
    }
  }

  #readSelf(): void {
    const its = this.#instruments;
    const { bytes, first, durable } = this.#deps.journal();
    its.journalBytes.set(bytes);
    its.journalFirst.set(first);
    its.journalLast.set(durable);
    const { rss, heapUsed } = process.memoryUsage();
    its.residentBytes.set(rss);
    its.heapBytes.set(heapUsed);
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    its.cpuSeconds.inc(cpuSeconds - this.#cpuSeconds);
    this.#cpuSeconds = cpuSeconds;
    its.loopLag.set(this.lagMs / 1000);
    this.#lag.reset();
  }
}

/** What an event adds to. Gauges are not here: they are read from the state. */
function count(event: HostEvent, its: Instruments): void {
  switch (event.type) {
    case "service.restarted": {
      const { service, process } = event.data;
      return its.processRestarts.inc({ service, process });
    }
    case "service.exited": {
      const { service, process, exit } = event.data;
      return its.processExits.inc({ service, process, kind: exit.kind });
    }
    case "service.start-failed": {
      const { service, process, kind } = event.data;
      return its.processStartFailures.inc({ service, process, kind });
    }
    case "service.removed":
      return forget(event.data.service, its);
    case "command.rejected":
      return its.commands.inc({
        name: event.data.code === "unknown-command" ? "other" : event.data.name,
        outcome: "rejected",
      });
    case "command.finished": {
      const { name, outcome, tookMs } = event.data;
      its.commands.inc({ name, outcome });
      return its.commandSeconds.observe({ name }, tookMs / 1000);
    }
    case "config.applied":
      return its.configGood.set(1);
    case "config.rejected":
      return its.configGood.set(0);
  }
}

/** A service that is gone takes its series with it. */
function forget(service: string, its: Instruments): void {
  for (const metric of [
    its.processRestarts,
    its.processExits,
    its.processStartFailures,
    its.checkSeconds,
    its.probes,
  ] as const)
    for (const labels of labelsOf(metric)) if (labels.service === service) metric.remove(labels);
}

/** prom-client offers no list of label sets; its hash map is the same in every metric. */
function labelsOf(metric: Instruments[keyof Instruments]): Record<string, string>[] {
  const { hashMap } = metric as unknown as { hashMap: Record<string, { labels: Record<string, string> }> };
  return Object.values(hashMap).map(({ labels }) => labels);
}

/** Seconds since 1970; 0 for a moment that has not come. */
function seconds(time: string): number {
  return time === "" ? 0 : Date.parse(time) / 1000;
}
