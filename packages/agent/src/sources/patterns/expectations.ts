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

  constructor(deps: ExpectationsDeps) {
    this.#deps = deps;
  }

  /** Waits for what the sources of a service expect of its processes that run now and whose time is not over. */
  begin(service: string, sources: readonly LogSource[]): void {
    const its = own(this.#deps.state().services, service);
    for (const [process, { phase }] of Object.entries(its?.processes ?? {})) {
      if (phase.name !== "running") continue;
      for (const pattern of expectedOf(process, sources)) {
        const seenAt = own(its?.patterns ?? {}, pattern.name)?.seenAt;
        const spentMs = Math.max(0, this.#deps.clock.now() - Date.parse(phase.since));
        if ((seenAt !== undefined && seenAt >= phase.since) || spentMs >= pattern.within) continue;
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
        return this.#endAll(`${event.data.service}/${event.data.process} `);
      case "service.removed":
        return this.#endAll(`${event.data.service}/`);
    }
  }

  /** A line has matched: of output that of its process, else that of any process. */
  seen(service: string, { name }: LogPattern, process: string | undefined): void {
    if (process !== undefined) return this.#end(keyOf({ service, process }, name));
    for (const key of [...this.#waiting.keys()])
      if (key.startsWith(`${service}/`) && key.endsWith(` ${name}`)) this.#end(key);
  }

  /** Nothing is expected any more of the service. */
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
