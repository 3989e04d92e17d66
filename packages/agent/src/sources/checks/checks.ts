import { baseName, isHostEvent, notFound, OstlerError, own } from "@ostler/protocol";
import type { ServiceConfig } from "../../config/services.js";
import type { Published } from "../../core/bus.js";
import { newStop } from "../../core/stop.js";
import { ask, runCheck, type CheckerDeps, type CheckPlan } from "./checker.js";
import { mayPush, Pushes, type Pushed } from "./kinds/push.js";
import { NotifiedChecks } from "./notified.js";
import { isAbout, plansOf, settingsOfChecks, type PlansDeps } from "./plans.js";
import type { Verdict } from "./verdict.js";

export type ChecksDeps = CheckerDeps & PlansDeps;

type RunningCheck = { stop: AbortController; done: Promise<unknown>; plan: CheckPlan };

export type Services = Readonly<Record<string, ServiceConfig>>;

/**
 * Runs the checks of every service while what they are about runs: the process that they name, or a daemon of the service.
 * They begin anew after each start of it.
 */
export class Checks implements AsyncDisposable {
  readonly #deps: ChecksDeps;
  #services: Services;
  readonly #notified: NotifiedChecks;
  readonly #pushes = new Pushes();
  /** The checks that run, by service and name: what stops them, and when they have stopped. */
  readonly #running = new Map<string, Map<string, RunningCheck>>();

  constructor(services: Services, deps: ChecksDeps) {
    this.#deps = deps;
    this.#services = services;
    for (const service of Object.keys(services)) this.#begin(service);
    this.#notified = new NotifiedChecks(services, deps);
  }

  /** The bus's listener. */
  readonly follow = ({ event }: Published): void => {
    if (!isHostEvent(event)) return;
    this.#notified.follow(event);
    switch (event.type) {
      case "service.started":
      case "service.restarted":
      case "service.adopted":
        return this.#begin(event.data.service, event.data.process);
      case "service.exited":
        return this.#stopIdle(event.data.service);
      case "service.removed":
        return this.#stopAll(event.data.service);
      case "check.passed":
      case "check.warned":
        if (event.data.role === "startup") this.#beginHeld(event.data.service);
    }
  };

  /** Takes what a service says of itself. @throws OstlerError `not-found`, `not-permitted` */
  push({ secret, ...pushed }: Pushed & { secret?: string }): void {
    const { service, check } = pushed;
    const config = own(this.#services, service);
    if (!config) throw notFound("service", service, Object.keys(this.#services));
    const known = config.checks.filter((one) => one.kind === "push");
    const its = known.find(({ name }) => name === check);
    if (!its)
      throw notFound(
        `check of kind push of ${service}`,
        check,
        known.map(({ name }) => name),
      );
    if (!mayPush(its, secret))
      throw new OstlerError(
        "not-permitted",
        `Check ${service}/${check} has a secret, and the request another one or none. Send it as x-push-secret.`,
      );
    this.#pushes.take(pushed, this.#deps.clock.monotonic());
  }

  /**
   * Asks once, now, whatever the standing of the check is, which does not change by it.
   * @throws OstlerError `not-found`; `wrong-state` when only a running service could have told the check anything
   */
  async run(service: string, check: string, signal: AbortSignal): Promise<Verdict & { tookMs: number }> {
    const config = own(this.#services, service);
    if (!config) throw notFound("service", service, Object.keys(this.#services));
    const running = this.#running.get(service)?.get(check)?.plan;
    const plans = this.#plansOf(service);
    const plan = running ?? plans.find((its) => its.check === check);
    if (!plan)
      throw notFound(
        `check of ${service}`,
        check,
        plans.map((its) => its.check),
      );
    const kind = config.checks.find(({ name }) => name === check)?.kind;
    if (!running && (kind === "output" || kind === "push"))
      throw new OstlerError(
        "wrong-state",
        `Check ${service}/${check} does not run, and so has seen nothing yet. Start ${service} first.`,
      );
    const startedMs = this.#deps.clock.monotonic();
    const verdict = await ask(plan, signal);
    return { ...verdict, tookMs: Math.round((this.#deps.clock.monotonic() - startedMs) * 10) / 10 };
  }

  /** Begins the checks of the services anew whose checks have changed; the others go on. */
  reconfigure(services: Services): void {
    const before = this.#services;
    this.#services = services;
    this.#notified.reconfigure(services);
    for (const [service, config] of Object.entries(services)) {
      if (JSON.stringify(settingsOfChecks(before[service])) === JSON.stringify(settingsOfChecks(config))) continue;
      this.#stopAll(service);
      this.#begin(service);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#notified[Symbol.dispose]();
    const running = [...this.#running.values()].flatMap((checks) => [...checks.values()]);
    for (const { stop } of running) stop.abort();
    this.#running.clear();
    await Promise.all(running.map(({ done }) => done));
  }

  /** Begins the checks of a service that a new run of one of its processes concerns; all of them when none is named. */
  #begin(service: string, started?: string): void {
    const plans = this.#plansOf(service);
    const concerned = plans.filter(
      ({ process }) => started === undefined || isAbout(this.#deps.state(), service, process, started),
    );
    for (const plan of concerned) {
      this.#stop(service, plan.check);
      if (started !== undefined) this.#pushes.forget(plan);
      this.#beginOne(plan, plans);
    }
  }

  /** Begins the checks that waited for a startup check. */
  #beginHeld(service: string): void {
    const plans = this.#plansOf(service);
    for (const plan of plans) if (!this.#running.get(service)?.has(plan.check)) this.#beginOne(plan, plans);
  }

  #beginOne(plan: CheckPlan, all: readonly CheckPlan[]): void {
    const { service, check, role, process } = plan;
    if (!this.#runs(service, process) || this.#isHeld(plan, all)) return;
    // Whoever has started has started: that is not asked again before the next start, whatever agent asks.
    if (role === "startup" && this.#isWell(service, check)) return;
    const stop = newStop();
    const done = runCheck(plan, this.#deps, stop.signal);
    const running = this.#running.get(service) ?? new Map<string, RunningCheck>();
    this.#running.set(service, running.set(check, { stop, done, plan }));
  }

  /** Until the startup checks about its process have passed, a check says nothing: whoever starts slowly is not sick. */
  #isHeld({ service, role, process }: CheckPlan, all: readonly CheckPlan[]): boolean {
    if (role === "startup") return false;
    return all.some((other) => {
      if (other.role !== "startup") return false;
      const concerns = other.process === undefined || process === undefined || other.process === baseName(process);
      return concerns && !this.#isWell(service, other.check);
    });
  }

  #isWell(service: string, check: string): boolean {
    const status = own(this.#deps.state().services[service]?.checks ?? {}, check)?.status;
    return status === "passed" || status === "warned";
  }

  #stopIdle(service: string): void {
    for (const { check, process } of this.#plansOf(service))
      if (!this.#runs(service, process)) this.#stop(service, check);
  }

  #stopAll(service: string): void {
    for (const { stop } of this.#running.get(service)?.values() ?? []) stop.abort();
    this.#running.delete(service);
  }

  #stop(service: string, check: string): void {
    const running = this.#running.get(service);
    running?.get(check)?.stop.abort();
    running?.delete(check);
  }

  /** Does what a check is about run? */
  #runs(service: string, about: string | undefined): boolean {
    const processes = this.#deps.state().services[service]?.processes ?? {};
    return Object.entries(processes).some(
      ([name, { phase }]) =>
        (phase.name === "running" || phase.name === "stopping") && isAbout(this.#deps.state(), service, about, name),
    );
  }

  #plansOf(service: string): CheckPlan[] {
    const config = own(this.#services, service);
    return config ? plansOf(service, config, this.#pushes, this.#deps) : [];
  }
}
