import { baseName, own, type HostEvent, type HostState } from "@ostler/protocol";
import type { LogPattern } from "../../config/logs/log-pattern.js";
import type { LogSource } from "../../config/logs/log-source.js";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";

export type ExpectationsDeps = { publish: Publish; clock: Clock; state: () => HostState };
type Slot = { service: string; process: string };

/** What is to be written within some time after each start of a process; tells what is not. */
export class Expectations implements Disposable {
  readonly #deps: ExpectationsDeps;
  /** What ends the waiting, by process and pattern. */
  readonly #waiting = new Map<string, () => void>();
  /** The run of a process in which a pattern was seen last, by process and pattern; a process that is gone has none. */
  readonly #seen = new Map<string, number>();

  constructor(deps: ExpectationsDeps) {
    this.#deps = deps;
  }

  /** Waits for what the sources of a service expect of its processes that run now and whose time is not over. */
  begin(service: string, sources: readonly LogSource[]): void {
    const its = own(this.#deps.state().services, service);
    for (const [process, { phase }] of Object.entries(its?.processes ?? {})) {
      if (phase.name !== "running") continue;
      for (const pattern of expectedOf(process, sources)) {
        const missed = own(its?.patterns ?? {}, pattern.name)?.missed;
        const isTold = missed?.process === process && missed.run === phase.run;
        const isSeen = this.#seen.get(keyOf({ service, process }, pattern.name)) === phase.run;
        const spentMs = Math.max(0, this.#deps.clock.now() - Date.parse(phase.since));
        if (isSeen || isTold || spentMs >= pattern.within) continue;
        this.#wait({ service, process }, phase.run, pattern, pattern.within - spentMs);
      }
    }
  }

  /** The bus's listener, for the events of a service with these sources. */
  follow(event: HostEvent, sources: readonly LogSource[]): void {
    switch (event.type) {
      case "service.started":
      case "service.restarted": {
        const { process, run } = event.data;
        for (const pattern of expectedOf(process, sources)) this.#wait(event.data, run, pattern, pattern.within);
        return;
      }
      case "service.exited":
        return this.#forget(`${event.data.service}/${event.data.process} `);
      case "service.removed":
        return this.#forget(`${event.data.service}/`);
    }
  }

  /** A line has matched: of output that of its process, else that of any process. */
  seen(service: string, { name, within }: LogPattern, only: string | undefined): void {
    if (within === undefined) return;
    for (const [process, { phase }] of Object.entries(own(this.#deps.state().services, service)?.processes ?? {})) {
      if (only !== undefined && process !== only) continue;
      this.#end(keyOf({ service, process }, name));
      if (phase.name === "running") this.#seen.set(keyOf({ service, process }, name), phase.run);
    }
  }

  /** In which run of each process a pattern was seen, for an agent that comes later. */
  seenIn(service: string, pattern: string): Record<string, number> {
    const processes = Object.keys(own(this.#deps.state().services, service)?.processes ?? {});
    const runs = processes.map((process) => [process, this.#seen.get(keyOf({ service, process }, pattern))] as const);
    return Object.fromEntries(runs.filter((its): its is [string, number] => its[1] !== undefined));
  }

  /** What an agent before this one has seen of a pattern. */
  restore(service: string, pattern: string, seenIn: Readonly<Record<string, number>>): void {
    for (const [process, run] of Object.entries(seenIn)) {
      const key = keyOf({ service, process }, pattern);
      if (!this.#seen.has(key)) this.#seen.set(key, run);
    }
  }

  /** Nothing is waited for any more of the service, until it is begun again. */
  end(service: string): void {
    this.#endAll(`${service}/`);
  }

  [Symbol.dispose](): void {
    this.#endAll("");
  }

  #wait({ service, process }: Slot, run: number, pattern: Expected, leftMs: number): void {
    const key = keyOf({ service, process }, pattern.name);
    this.#end(key);
    const { meaning, cause, resolution, severity, within: withinMs } = pattern;
    const cancel = this.#deps.clock.after(leftMs, () => {
      this.#waiting.delete(key);
      this.#deps.publish({
        type: "pattern.missed",
        data: {
          ...{ service, process, run, pattern: pattern.name, withinMs },
          severity: severity === "info" ? "warning" : severity,
          ...(meaning === undefined ? {} : { meaning }),
          ...(cause === undefined ? {} : { cause }),
          ...(resolution === undefined ? {} : { resolution }),
        },
      });
    });
    this.#waiting.set(key, cancel);
  }

  #forget(beginning: string): void {
    this.#endAll(beginning);
    for (const key of [...this.#seen.keys()]) if (key.startsWith(beginning)) this.#seen.delete(key);
  }

  #endAll(beginning: string): void {
    for (const key of [...this.#waiting.keys()]) if (key.startsWith(beginning)) this.#end(key);
  }

  #end(key: string): void {
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }
}

type Expected = LogPattern & { within: number };

/** The patterns that are expected of a process: those of its own output, and of files and journals of its service. */
function expectedOf(process: string, sources: readonly LogSource[]): Expected[] {
  return sources
    .filter(({ stdout }) => stdout?.process === undefined || stdout.process === baseName(process))
    .flatMap(({ patterns }) => patterns.filter((one): one is Expected => one.within !== undefined));
}

/** Names have neither slash nor space. */
function keyOf({ service, process }: Slot, pattern: string): string {
  return `${service}/${process} ${pattern}`;
}
