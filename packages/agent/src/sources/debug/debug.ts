import { own, type Actor, type HostState } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { Expiry } from "../../core/expiry.js";

export type DebugDeps = { publish: Publish; state: () => HostState; clock: Clock };

/** Tells when the time is over in which a service was to be debugged. */
export class DebugWatch implements Disposable {
  readonly #deps: DebugDeps;
  readonly #ends: Expiry<string>;

  /** Goes on with what an agent before this one had begun; call `resume` when whoever acts on what this tells is there. */
  constructor(deps: DebugDeps) {
    this.#deps = deps;
    this.#ends = new Expiry(deps.clock);
  }

  /** Goes on with what an agent before this one had begun. What is overdue is told at once. */
  resume(): void {
    for (const [service, { debug }] of Object.entries(this.#deps.state().services))
      if (debug) this.#ends.resume(service, debug, () => this.#expire(service));
  }

  /** Begins, or gives another end to what is on. */
  begin(service: string, { forMs, actor, reason }: { forMs: number; actor: Actor; reason: string }): void {
    this.#deps.publish({ type: "debug.began", data: { service, forMs, actor, reason } });
    this.#ends.set(service, forMs, () => this.#expire(service));
  }

  /** Ends it; without effect where none is on. */
  end(service: string, actor: Actor): void {
    this.#ends.clear(service);
    if (own(this.#deps.state().services, service)?.debug)
      this.#deps.publish({ type: "debug.ended", data: { service, actor } });
  }

  [Symbol.dispose](): void {
    this.#ends[Symbol.dispose]();
  }

  #expire(service: string): void {
    if (own(this.#deps.state().services, service)?.debug)
      this.#deps.publish({ type: "debug.expired", data: { service } });
  }
}
