import { messageOf, notFound, own, type HostState, type RunUsage, type UsagePeaks } from "@ostler/protocol";
import type { AgentConfig } from "../../config/agent.js";
import type { Prepared } from "../../core/assembly.js";
import type { Published, TakeSample } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { uptimeMsOf } from "../../platform/proc.js";
import { markOf } from "../../platform/tree.js";
import { UsageTrees, type Member, type TreeRoot } from "../../platform/usage-trees.js";
import { record, type RunRecord } from "./run-usage.js";

export type UsageConfig = AgentConfig["usage"];

export type UsageDeps = {
  sample: TakeSample;
  clock: Clock;
  state: () => HostState;
  /** Everything that belongs to the process of a unit of systemd: it carries no mark, and knows no common ancestor. */
  pidsOfUnit: (slot: Slot) => readonly number[];
  degraded: (reason: string) => void;
  recovered: () => void;
};

type Slot = { service: string; process: string };
type RunningProcess = Slot & TreeRoot & { run: number };

/** What a process uses, and the most it has used in this run. */
export type ProcessFigures = RunUsage & { peaks: UsagePeaks };

/** A new run is first measured this soon, so that nobody has to wait for the next round. */
const firstMs = 1000;

/**
 * Measures again and again what every process that runs uses, and everything that came from it: all of them in one pass.
 * The CPU time of a run that began before this agent counts from what its processes say for themselves.
 */
export class Usage implements AsyncDisposable {
  readonly #deps: UsageDeps;
  readonly #trees = new UsageTrees();
  /** The last run of each process that was measured. */
  readonly #records = new Map<string, RunRecord>();
  readonly #end = newStop();
  readonly #done: Promise<void>;
  #everyMs: number;
  #dueMs = 0;
  #wake = newStop();
  #failed = false;

  static start(config: UsageConfig, deps: UsageDeps): Usage {
    return new Usage(config, deps);
  }

  private constructor({ every }: UsageConfig, deps: UsageDeps) {
    this.#deps = deps;
    this.#everyMs = every;
    this.#done = this.#run(this.#end.signal);
  }

  /** The bus's listener. */
  readonly follow = ({ event }: Published): void => {
    switch (event.type) {
      case "service.started":
      case "service.restarted":
      case "service.adopted":
        this.#measureWithin(firstMs);
    }
  };

  prepare({ every }: UsageConfig): Prepared {
    return {
      commit: async () => {
        this.#everyMs = every;
        this.#measureWithin(every);
      },
      discard: async () => {},
    };
  }

  /** What the processes of a service use that run and have been measured, by name. @throws OstlerError `not-found` */
  of(service: string): Record<string, ProcessFigures> {
    const { services } = this.#deps.state();
    const known = own(services, service);
    if (!known) throw notFound("service", service, Object.keys(services));
    const figures = Object.keys(known.processes).flatMap((process): [string, ProcessFigures][] => {
      const its = this.#records.get(keyOf({ service, process }));
      const current = this.#runOf({ service, process });
      return its && its.usage.run === current?.run ? [[process, { ...its.usage, peaks: its.peaks }]] : [];
    });
    return Object.fromEntries(figures);
  }

  /** What a process that runs used when it was measured last. */
  last(slot: Slot): RunUsage | undefined {
    const usage = this.#records.get(keyOf(slot))?.usage;
    return usage?.run === this.#runOf(slot)?.run ? usage : undefined;
  }

  /** The most that the last run of a process that was measured has used; still there when the run is over. */
  peaksOf(slot: Slot): UsagePeaks | undefined {
    return this.#records.get(keyOf(slot))?.peaks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#wake.abort();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      const nowMs = clock.monotonic();
      if (nowMs < this.#dueMs) {
        await clock.sleep(this.#dueMs - nowMs, this.#wake.signal);
        continue;
      }
      this.#dueMs = nowMs + this.#everyMs;
      await this.#measure(signal);
    }
  }

  #measureWithin(ms: number): void {
    const dueMs = this.#deps.clock.monotonic() + ms;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#wake.abort();
    this.#wake = newStop();
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const running = this.#running();
    this.#forget();
    try {
      const trees = await this.#trees.look(running);
      if (this.#failed) this.#deps.recovered();
      this.#failed = false;
      if (signal.aborted) return;
      for (const process of running) this.#take(process, trees.get(process.mark) ?? []);
    } catch (failure) {
      if (!this.#failed) this.#deps.degraded(messageOf(failure));
      this.#failed = true;
    }
  }

  /** A run that has ended while its tree was looked at is not told of any more. */
  #take({ service, process, run, identity }: RunningProcess, members: readonly Member[]): void {
    const slot = { service, process };
    const { clock, sample } = this.#deps;
    if (members[0]?.ended !== false || this.#runOf(slot)?.run !== run) return;
    const last = this.#records.get(keyOf(slot));
    const before = last?.usage.run === run ? last : undefined;
    const nowMs = clock.now();
    const startedAt = before?.usage.startedAt ?? timeOf(nowMs - uptimeMsOf(identity.startTicks));
    const moment = { atMs: clock.monotonic(), at: timeOf(nowMs) };
    const next = record(members, { run, startedAt }, moment, before);
    this.#records.set(keyOf(slot), next);
    sample({ type: "process.measured", ...slot, usage: next.usage });
  }

  #running(): RunningProcess[] {
    const { services } = this.#deps.state();
    const slots = Object.entries(services).flatMap(([service, { processes }]) =>
      Object.keys(processes).map((process) => ({ service, process })),
    );
    return slots.flatMap((slot) => this.#runOf(slot) ?? []);
  }

  #runOf({ service, process }: Slot): RunningProcess | undefined {
    const { agent, services } = this.#deps.state();
    const phase = own(own(services, service)?.processes ?? {}, process)?.phase;
    if (phase?.name !== "running" && phase?.name !== "stopping") return undefined;
    const { run, pid, startTicks } = phase;
    const isUnit = own(services, service)?.attached?.owner === "systemd";
    return {
      ...{ service, process, run, identity: { pid, startTicks } },
      mark: markOf(agent.id, service, process, run),
      ...(isUnit ? { members: () => this.#deps.pidsOfUnit({ service, process }) } : {}),
    };
  }

  /** What has left the configuration leaves nothing behind. */
  #forget(): void {
    const { services } = this.#deps.state();
    for (const key of this.#records.keys()) {
      const [service = "", process = ""] = key.split("/");
      if (!own(own(services, service)?.processes ?? {}, process)) this.#records.delete(key);
    }
  }
}

/** Names have no slash. */
function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
