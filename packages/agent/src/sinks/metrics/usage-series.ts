import { own, type HostEvent, type HostState, type RunUsage } from "@ostler/protocol";
import type { Instruments } from "./catalogue.js";

type Slot = { service: string; process: string };

/** Names of children that get a series of their own in each process; the rest together are `other`. */
const maxNames = 10;
const otherName = "other";

/**
 * What the processes of the services use, as series. They are set when something was measured, so that a scrape costs
 * nothing more, and are absent while the process does not run: absent is not zero.
 */
export class UsageSeries {
  readonly #its: Instruments;
  /** What each process shows, by service and process. */
  readonly #shown = new Map<string, Slot & { names: string[] }>();

  constructor(instruments: Instruments) {
    this.#its = instruments;
  }

  take({ service, process }: Slot, usage: RunUsage): void {
    const slot = { service, process };
    const { processCpu, processMemory, processFiles, processThreads, processChildren } = this.#its;
    this.#remove(keyOf(slot));
    const children = bounded(usage.children);
    this.#shown.set(keyOf(slot), { ...slot, names: children.map(([name]) => name) });
    processCpu.inc(slot, usage.cpuSeconds);
    processMemory.set(slot, usage.residentBytes);
    if (usage.openFiles !== undefined) processFiles.set(slot, usage.openFiles);
    processThreads.set(slot, usage.threads);
    for (const [name, count] of children) processChildren.set({ ...slot, name }, count);
  }

  follow(event: HostEvent, { services }: HostState): void {
    switch (event.type) {
      case "service.exited":
        return this.#remove(keyOf(event.data));
      case "service.configured":
      case "service.removed": {
        const { service } = event.data;
        const left = own(services, service)?.processes ?? {};
        for (const [key, slot] of this.#shown)
          if (slot.service === service && !own(left, slot.process)) this.#remove(key);
      }
    }
  }

  #remove(key: string): void {
    const shown = this.#shown.get(key);
    if (!shown) return;
    this.#shown.delete(key);
    const { names, ...slot } = shown;
    const { processCpu, processMemory, processFiles, processThreads, processChildren } = this.#its;
    for (const metric of [processCpu, processMemory, processFiles, processThreads] as const) metric.remove(slot);
    for (const name of names) processChildren.remove({ ...slot, name });
  }
}

/** The commonest names with their counts, and the rest as one. */
function bounded(children: Readonly<Record<string, number>>): [string, number][] {
  const all = Object.entries(children);
  if (all.length <= maxNames) return all;
  const ranked = all.sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const counts = new Map(ranked.slice(0, maxNames));
  for (const [, count] of ranked.slice(maxNames)) counts.set(otherName, (counts.get(otherName) ?? 0) + count);
  return [...counts];
}

function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}
