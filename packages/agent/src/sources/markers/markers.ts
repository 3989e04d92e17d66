import { isHostEvent, own, type HostState, type ProcessState } from "@ostler/protocol";
import { scrub } from "../../config/redact.js";
import { processesOf, type ServiceConfig } from "../../config/services.js";
import type { ProcessConfig } from "../../config/processes.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish, Published } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { spoolPath, streams, type SpoolMark } from "../../platform/spool.js";
import { search } from "./search.js";
import { SpoolLines } from "../../platform/spool-lines.js";

export type MarkersDeps = {
  publish: Publish;
  clock: Clock;
  state: () => HostState;
  /** Directory of the spool files. */
  spools: string;
  /** Where the output of a run begins, where that is known. */
  outputOf: (slot: Slot, run: number) => SpoolMark | undefined;
  /** Values that must not be shown. */
  secrets: () => readonly string[];
};

type Slot = { service: string; process: string };
type Marker = NonNullable<ProcessConfig["marker"]>;
export type Services = Readonly<Record<string, ServiceConfig>>;

/** So much of the last line of a service is told. */
const maxLastLine = 500;

/** Waits after each start for the line that shows that a process has come up; tells when it comes, and when it does not. */
export class Markers implements AsyncDisposable {
  readonly #deps: MarkersDeps;
  #services: Services;
  /** What ends the search of each process. */
  readonly #searching = new Map<string, AbortController>();
  readonly #ends = new Set<Promise<void>>();

  constructor(services: Services, deps: MarkersDeps) {
    this.#deps = deps;
    this.#services = services;
    for (const slot of slotsOf(services)) this.#begin(slot);
  }

  /** The bus's listener. */
  readonly follow = ({ event }: Published): void => {
    if (!isHostEvent(event)) return;
    switch (event.type) {
      case "service.started":
      case "service.restarted":
      case "service.adopted":
        return this.#begin(event.data);
      case "service.exited":
        return this.#stop(event.data);
    }
  };

  /** Goes over to other markers. A run that was waited for, or whose time is not over, is searched from its start on. */
  prepare(services: Services): Prepared {
    return { commit: async () => this.#reconfigure(services), discard: async () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#searching.values()) stop.abort();
    await Promise.all(this.#ends);
  }

  #reconfigure(services: Services): void {
    const before = this.#services;
    this.#services = services;
    for (const slot of slotsOf({ ...before, ...services })) {
      const marker = markerOf(services, slot);
      if (JSON.stringify(markerOf(before, slot)) === JSON.stringify(marker)) continue;
      this.#stop(slot);
      if (marker && this.#spentMs(slot) < marker.within) this.#begin(slot);
    }
  }

  #begin({ service, process }: Slot): void {
    const slot = { service, process };
    const marker = markerOf(this.#services, slot);
    const its = this.#processOf(slot);
    if (!marker || its?.phase.name !== "running") return;
    const { run } = its.phase;
    if (its.marker?.run === run && its.marker.match === marker.match) return; // An agent before this one has told it.
    this.#stop(slot);
    const stop = newStop();
    this.#searching.set(keyOf(slot), stop);
    const end = this.#search(slot, run, marker, stop.signal).finally(() => this.#ends.delete(end));
    this.#ends.add(end);
  }

  #stop(slot: Slot): void {
    this.#searching.get(keyOf(slot))?.abort();
    this.#searching.delete(keyOf(slot));
  }

  async #search(slot: Slot, run: number, { match, within }: Marker, signal: AbortSignal): Promise<void> {
    const { clock, publish } = this.#deps;
    const wanted = { match, withinMs: within, spentMs: this.#spentMs(slot), open: () => this.#open(slot, run) };
    const found = await search(wanted, { clock }, signal);
    if (!found || signal.aborted) return;
    this.#stop(slot);
    const about = { ...slot, run, match };
    if (found.seen) publish({ type: "service.marker-seen", data: { ...about, tookMs: found.tookMs } });
    else {
      const { because, reason, lastLine } = found;
      const why = { because, ...(reason === undefined ? {} : { reason }) };
      const said = lastLine === undefined ? {} : { lastLine: this.#shown(lastLine) };
      publish({ type: "service.marker-missed", data: { ...about, withinMs: within, ...why, ...said } });
    }
  }

  #shown(line: string): string {
    return scrub(line, this.#deps.secrets()).slice(0, maxLastLine);
  }

  #open(slot: Slot, run: number): SpoolLines[] | undefined {
    const { outputOf, spools } = this.#deps;
    const from = outputOf(slot, run);
    return (
      from &&
      streams.map((stream) => new SpoolLines(spoolPath(spools, slot.service, slot.process, stream), from[stream]))
    );
  }

  /** How long a process runs. What `since` says was so when the event came: it is no older than this agent. */
  #spentMs(slot: Slot): number {
    const phase = this.#processOf(slot)?.phase;
    return phase?.name === "running" ? Math.max(0, this.#deps.clock.now() - Date.parse(phase.since)) : Infinity;
  }

  #processOf({ service, process }: Slot): ProcessState | undefined {
    return own(own(this.#deps.state().services, service)?.processes ?? {}, process);
  }
}

function markerOf(services: Services, { service, process }: Slot): Marker | undefined {
  const config = own(services, service);
  return config && own(processesOf(config), process)?.marker;
}

function slotsOf(services: Services): Slot[] {
  return Object.entries(services).flatMap(([service, config]) =>
    Object.keys(processesOf(config)).map((process) => ({ service, process })),
  );
}

/** Names have no slash. */
function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}
