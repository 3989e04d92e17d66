import { notFound, own, type Actor, type HostState, type Maintenance } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { Expiry } from "../../core/expiry.js";

export type MaintenanceDeps = { publish: Publish; state: () => HostState; clock: Clock };

/** A service, or nothing for the whole host. */
type Scope = string | undefined;

/** Ends each maintenance at its time. */
export class MaintenanceWatch implements Disposable {
  readonly #deps: MaintenanceDeps;
  readonly #ends: Expiry<Scope>;

  /** Goes on with what an agent before this one had begun; what is overdue ends at once. */
  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
    this.#ends = new Expiry(deps.clock);
    const { maintenance, services } = deps.state();
    if (maintenance) this.#resume(undefined, maintenance);
    for (const [name, its] of Object.entries(services)) if (its.maintenance) this.#resume(name, its.maintenance);
  }

  /** Begins, or gives another end to what is on. @throws OstlerError `not-found` */
  begin(service: Scope, { forMs, actor, reason }: { forMs: number; actor: Actor; reason: string }): void {
    this.#refuseUnknown(service);
    const scope = service === undefined ? {} : { service };
    this.#deps.publish({ type: "maintenance.began", data: { ...scope, forMs, actor, reason } });
    this.#ends.set(service, forMs, () => this.#over(service, "expired"));
  }

  /** Ends it before its time; without effect where none is on. @throws OstlerError `not-found` */
  end(service: Scope, actor: Actor): void {
    this.#refuseUnknown(service);
    this.#over(service, "ended", actor);
  }

  [Symbol.dispose](): void {
    this.#ends[Symbol.dispose]();
  }

  #resume(scope: Scope, on: Maintenance): void {
    this.#ends.resume(scope, on, () => this.#over(scope, "expired"));
  }

  #over(scope: Scope, because: "expired" | "ended", actor?: Actor): void {
    this.#ends.clear(scope);
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
