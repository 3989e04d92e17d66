import { isHostEvent, notifiedCheck, own, type HostState, type ProcessState } from "@ostler/protocol";
import { processesOf, type ServiceConfig } from "../../config/services.js";
import type { Publish, Published } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";

export type NotifiedDeps = { publish: Publish; clock: Clock; state: () => HostState };
type Services = Readonly<Record<string, ServiceConfig>>;
type Slot = { service: string; process: string };
/** Until when a run may take its time, if there is an end to that. */
type Patience = { run: number; untilMs: number; cancel: () => void };

/** The checks that processes have notified: nobody is asked, they pass with the event, and fail when that is late. */
export class NotifiedChecks implements Disposable {
  readonly #deps: NotifiedDeps;
  readonly #patience = new Map<string, Patience>();
  #services: Services;

  constructor(services: Services, deps: NotifiedDeps) {
    this.#deps = deps;
    this.#services = services;
    for (const service of Object.keys(services)) this.#judge(service);
  }

  /** Sees what the bus tells. Each start of a process makes all checks of its service pending. */
  follow(event: Published["event"]): void {
    if (!isHostEvent(event)) return;
    switch (event.type) {
      case "service.started":
      case "service.restarted":
      case "service.adopted":
      case "service.notified":
      case "service.exited":
      case "service.removed":
        this.#judge(event.data.service);
    }
  }

  reconfigure(services: Services): void {
    this.#services = services;
    this[Symbol.dispose]();
    for (const service of Object.keys(services)) this.#judge(service);
  }

  [Symbol.dispose](): void {
    for (const { cancel } of this.#patience.values()) cancel();
    this.#patience.clear();
  }

  #judge(service: string): void {
    const config = own(this.#services, service);
    for (const [process, { notify_fd, notify_within }] of Object.entries(config ? processesOf(config) : {}))
      if (notify_fd !== undefined) this.#judgeOne({ service, process }, notify_within);
  }

  #judgeOne(slot: Slot, withinMs: number | undefined): void {
    const its = this.#processOf(slot);
    const key = `${slot.service}/${slot.process}`;
    if (its?.phase.name !== "running" || its.notified?.run === its.phase.run) {
      this.#patience.get(key)?.cancel();
      this.#patience.delete(key);
      if (its?.phase.name === "running") this.#tell(slot, undefined);
    } else if (withinMs !== undefined) this.#wait(slot, key, its.phase, withinMs);
  }

  /** Fails the check when its time is over. Within one agent that is a span of the monotonic clock. */
  #wait(slot: Slot, key: string, { run, since }: { run: number; since: string }, withinMs: number): void {
    const { clock } = this.#deps;
    const known = this.#patience.get(key);
    known?.cancel();
    const spentMs = Math.max(0, clock.now() - Date.parse(since));
    const untilMs = known?.run === run ? known.untilMs : clock.monotonic() + withinMs - spentMs;
    const late = (): void => this.#tell(slot, `it has not notified that it is ready within ${withinMs} ms`);
    const leftMs = untilMs - clock.monotonic();
    this.#patience.set(key, { run, untilMs, cancel: leftMs > 0 ? clock.after(leftMs, late) : () => undefined });
    if (leftMs <= 0) late();
  }

  /** Tells how the check stands, where that is not known yet. */
  #tell({ service, process }: Slot, failure: string | undefined): void {
    const { publish, state } = this.#deps;
    const check = notifiedCheck(process);
    const status = own(own(state().services, service)?.checks ?? {}, check)?.status;
    if (status === undefined) return;
    const about = { service, check, role: "readiness" as const, process };
    if (failure !== undefined && status === "pending")
      publish({ type: "check.failed", data: { ...about, reason: failure, failures: 1 } });
    if (failure === undefined && status !== "passed") publish({ type: "check.passed", data: { ...about, tookMs: 0 } });
  }

  #processOf({ service, process }: Slot): ProcessState | undefined {
    return own(own(this.#deps.state().services, service)?.processes ?? {}, process);
  }
}
