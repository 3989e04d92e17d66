import {
  baseName,
  own,
  type HostState,
  type Phase,
  type ProcessState,
  type RunUsage,
  type Sample,
} from "@ostler/protocol";
import type { ServiceConfig } from "../../config/services.js";
import { watchName, type WatchConfig } from "../../config/watch.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { compare } from "./limits.js";
import { wait, within, type Standing } from "./patience.js";

export type WatchesDeps = {
  publish: Publish;
  clock: Clock;
  state: () => HostState;
  /** Memory of the host in bytes. */
  hostBytes: () => number;
};

export type Services = Readonly<Record<string, ServiceConfig>>;

type Slot = { service: string; process: string };
type Judged = { run: number; standings: Map<string, Standing> };

/** Compares every measurement with the limits of its service, and tells when one is exceeded for long enough, and when no more. */
export class Watches {
  readonly #deps: WatchesDeps;
  #services: Services;
  /** How the watches of each process stand, by service and process. */
  readonly #judged = new Map<string, Judged>();

  constructor(services: Services, deps: WatchesDeps) {
    this.#services = services;
    this.#deps = deps;
  }

  /** The bus's listener of samples. */
  readonly take = (sample: Sample): void => {
    if (sample.type === "process.measured") this.#judge(sample, sample.usage);
  };

  /** Goes over to other limits. Those that stay wait on; what is not watched any more is not exceeded any more. */
  prepare(services: Services): Prepared {
    return { commit: async () => this.#reconfigure(services), discard: async () => {} };
  }

  #reconfigure(services: Services): void {
    const before = this.#services;
    this.#services = services;
    for (const [key, { standings }] of this.#judged) {
      const slot = slotOf(key);
      const kept = new Set(watchesOf(services, slot).map(subjectOf));
      const gone = watchesOf(before, slot).filter((watch) => !kept.has(subjectOf(watch)));
      for (const name of gone.map(watchName)) {
        this.#tellUnwatched(slot, name);
        standings.delete(name);
      }
      if (!this.#phaseOf(slot)) this.#judged.delete(key);
    }
  }

  #judge({ service, process }: Slot, usage: RunUsage): void {
    const slot = { service, process };
    const phase = this.#phaseOf(slot);
    if (phase?.name !== "running" || phase.run !== usage.run) return;
    const known = this.#judged.get(keyOf(slot));
    const standings = known?.run === usage.run ? known.standings : new Map<string, Standing>();
    this.#judged.set(keyOf(slot), { run: usage.run, standings });
    const atMs = this.#deps.clock.monotonic();
    for (const watch of watchesOf(this.#services, slot)) {
      const name = watchName(watch);
      const found = compare(watch, usage, this.#deps.hostBytes);
      const before = standings.get(name) ?? within;
      const after = wait(before, found.is, atMs, watch.for);
      standings.set(name, after);
      if (found.is === "unknown" || (before.is === "exceeded") === (after.is === "exceeded")) continue;
      const data = { ...slot, run: phase.run, pid: phase.pid, watch: name, ...found.measured };
      if (after.is === "exceeded") {
        const forMs = Math.round(atMs - after.sinceMs);
        this.#deps.publish({ type: "service.limit-exceeded", data: { ...data, forMs, action: watch.action } });
      } else this.#deps.publish({ type: "service.limit-recovered", data: { ...data, because: "within" } });
    }
  }

  #tellUnwatched(slot: Slot, watch: string): void {
    const process = this.#processOf(slot);
    const exceeded = own(process?.exceeded ?? {}, watch);
    if (!exceeded || process?.phase.name !== "running") return;
    const { run, pid } = process.phase;
    const { what, child, bound, limit } = exceeded;
    const about = { ...slot, run, pid, watch, what, ...(child === undefined ? {} : { child }), bound, limit };
    this.#deps.publish({ type: "service.limit-recovered", data: { ...about, because: "unwatched" } });
  }

  #phaseOf(slot: Slot): Phase | undefined {
    return this.#processOf(slot)?.phase;
  }

  #processOf({ service, process }: Slot): ProcessState | undefined {
    return own(own(this.#deps.state().services, service)?.processes ?? {}, process);
  }
}

/** The watches that are about a process. */
function watchesOf(services: Services, { service, process }: Slot): WatchConfig[] {
  const watches = own(services, service)?.watch ?? [];
  return watches.filter(
    (watch) => watch.process === undefined || watch.process === process || watch.process === baseName(process),
  );
}

/** What makes a watch the same one, whatever its limit is. */
function subjectOf(watch: WatchConfig): string {
  const { memory, cpu, children } = watch;
  const what = children ? `children ${children.name}` : memory ? "memory" : cpu ? "cpu" : "open_files";
  return `${watchName(watch)} ${what}`;
}

/** Names have no slash. */
function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}

function slotOf(key: string): Slot {
  const [service = "", process = ""] = key.split("/");
  return { service, process };
}
