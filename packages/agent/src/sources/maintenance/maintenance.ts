import { notFound, own, type Actor, type HostState, type Maintenance } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";

export type MaintenanceDeps = { publish: Publish; state: () => HostState; clock: Clock };

/** A service, or nothing for the whole host. */
type Scope = string | undefined;

/** Timers do not reach further: whoever waits longer looks again then. */
const maxWaitMs = 60 * 60 * 1000;

/**
 * Ends each maintenance at its time. Within one agent that is a span of the monotonic clock, whatever is done to the wall
 * clock; a new agent goes by the wall clock, but waits no longer than the whole span.
 */
export class MaintenanceWatch implements Disposable {
  readonly #deps: MaintenanceDeps;
  /** What cancels the end that is waited for, by scope. */
  readonly #waiting = new Map<Scope, () => void>();

  /** Goes on with what an agent before this one had begun; what is overdue ends at once. */
  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
    const { maintenance, services } = deps.state();
    if (maintenance) this.#resume(undefined, maintenance);
    for (const [name, its] of Object.entries(services)) if (its.maintenance) this.#resume(name, its.maintenance);
  }

  /** Begins, or gives another end to what is on. @throws OstlerError `not-found` */
  begin(service: Scope, { forMs, actor, reason }: { forMs: number; actor: Actor; reason: string }): void {
    this.#refuseUnknown(service);
    const scope = service === undefined ? {} : { service };
    this.#deps.publish({ type: "maintenance.began", data: { ...scope, forMs, actor, reason } });
    this.#endAfter(service, forMs);
  }

  /** Ends it before its time; without effect where none is on. @throws OstlerError `not-found` */
  end(service: Scope, actor: Actor): void {
    this.#refuseUnknown(service);
    this.#over(service, "ended", actor);
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #resume(scope: Scope, { since, until }: Maintenance): void {
    const wholeMs = Date.parse(until) - Date.parse(since);
    this.#endAfter(scope, Math.min(wholeMs, Date.parse(until) - this.#deps.clock.now()));
  }

  #endAfter(scope: Scope, ms: number): void {
    this.#waiting.get(scope)?.();
    const { clock } = this.#deps;
    const endMs = clock.monotonic() + ms;
    const look = (): void => {
      const leftMs = endMs - clock.monotonic();
      if (leftMs <= 0) this.#over(scope, "expired");
      else this.#waiting.set(scope, clock.after(Math.min(leftMs, maxWaitMs), look));
    };
    look();
  }

  #over(scope: Scope, because: "expired" | "ended", actor?: Actor): void {
    this.#waiting.get(scope)?.();
    this.#waiting.delete(scope);
    const state = this.#deps.state();
    const on = scope === undefined ? state.maintenance : own(state.services, scope)?.maintenance;
    if (!on) return;
    const data = { ...(scope === undefined ? {} : { service: scope }), because, ...(actor ? { actor } : {}) };
    this.#deps.publish({ type: "maintenance.ended", data });
  }

  #refuseUnknown(service: Scope): void {
    const { services } = this.#deps.state();
    if (service !== undefined && !own(services, service)) throw notFound("service", service, Object.keys(services));
  }
}
