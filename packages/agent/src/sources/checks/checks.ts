import { baseName, type HostState } from "@ostler/protocol";
import type { CheckConfig } from "../../config/checks/check.js";
import { listensCheck, processesOf, type ServiceConfig } from "../../config/services.js";
import type { Published } from "../../core/bus.js";
import { newStop } from "../../core/stop.js";
import { runCheck, type CheckerDeps, type CheckPlan } from "./checker.js";
import { execProbe } from "./kinds/exec.js";
import { httpProbe } from "./kinds/http.js";
import { listensProbe } from "./kinds/listens.js";
import { NotifiedChecks } from "./notified.js";
import { tcpProbe } from "./kinds/tcp.js";
import type { Probe } from "./verdict.js";

export type ChecksDeps = CheckerDeps & {
  state: () => HostState;
  /** Pids of everything a process consists of. */
  pidsOf: (slot: { service: string; process: string }) => number[];
};

type Slot = { service: string; process: string };

export type Services = Readonly<Record<string, ServiceConfig>>;

/** How often it is looked after that the declared sockets still belong to their process. */
const listensTiming = { every: 5000, timeout: 2000, initial_delay: 0, failures: 2, successes: 1 };

/**
 * Runs the checks of every service while what they are about runs: the process that they name, or a daemon of the service.
 * They begin anew after each start of it.
 */
export class Checks implements AsyncDisposable {
  readonly #deps: ChecksDeps;
  #services: Services;
  readonly #notified: NotifiedChecks;
  /** The checks that run, by service and name: what stops them, and when they have stopped. */
  readonly #running = new Map<string, Map<string, { stop: AbortController; done: Promise<unknown> }>>();

  constructor(services: Services, deps: ChecksDeps) {
    this.#deps = deps;
    this.#services = services;
    for (const service of Object.keys(services)) this.#begin(service);
    this.#notified = new NotifiedChecks(services, deps);
  }

  /** The bus's listener. */
  readonly follow = ({ event }: Published): void => {
    this.#notified.follow(event);
    switch (event.type) {
      case "service.started":
      case "service.restarted":
      case "service.adopted": {
        const { service, process } = event.data as Slot;
        return this.#begin(service, process);
      }
      case "service.exited":
        return this.#stopIdle((event.data as Slot).service);
      case "service.removed":
        return this.#stopAll((event.data as Slot).service);
    }
  };

  /** Begins the checks of the services anew whose checks have changed; the others go on. */
  reconfigure(services: Services): void {
    const before = this.#services;
    this.#services = services;
    this.#notified.reconfigure(services);
    for (const [service, config] of Object.entries(services)) {
      if (JSON.stringify(planOf(before[service])) === JSON.stringify(planOf(config))) continue;
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
    const concerned = plans.filter(({ process }) => started === undefined || this.#isAbout(service, process, started));
    for (const plan of concerned) {
      this.#stop(service, plan.check);
      if (!this.#runs(service, plan.process)) continue;
      const stop = newStop();
      const done = runCheck(plan, this.#deps, stop.signal);
      const running =
        this.#running.get(service) ?? new Map<string, { stop: AbortController; done: Promise<unknown> }>();
      this.#running.set(service, running.set(plan.check, { stop, done }));
    }
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
        (phase.name === "running" || phase.name === "stopping") && this.#isAbout(service, about, name),
    );
  }

  #isAbout(service: string, about: string | undefined, process: string): boolean {
    if (about !== undefined) return about === process || about === baseName(process);
    return this.#deps.state().services[service]?.processes[process]?.type === undefined;
  }

  #plansOf(service: string): CheckPlan[] {
    const config = this.#services[service];
    if (!config) return [];
    return [...config.checks.map((check) => this.#planOf(service, check)), ...this.#listensPlans(service, config)];
  }

  #planOf(service: string, check: CheckConfig): CheckPlan {
    const { name, role, process, every, timeout, initial_delay, failures, successes } = check;
    const timing = { every, timeout, initial_delay, failures, successes };
    return {
      service,
      check: name,
      role,
      ...(process === undefined ? {} : { process }),
      ...timing,
      probe: probeOf(check),
    };
  }

  #listensPlans(service: string, config: ServiceConfig): CheckPlan[] {
    return Object.entries(processesOf(config))
      .filter(([, { listens }]) => listens.length > 0)
      .map(([process, { listens }]) => {
        const probe = listensProbe(listens, () => this.#deps.pidsOf({ service, process }));
        return { service, check: listensCheck(process), role: "readiness", process, ...listensTiming, probe };
      });
  }
}

function probeOf(check: CheckConfig): Probe {
  switch (check.kind) {
    case "http":
      return httpProbe(check);
    case "tcp":
      return tcpProbe(check);
    case "exec":
      return execProbe(check);
    default:
      return check satisfies never;
  }
}

/** Everything in a service's configuration that its checks depend on. */
function planOf(config: ServiceConfig | undefined): unknown {
  return (
    config && {
      checks: config.checks,
      listens: Object.entries(processesOf(config)).map(([name, { listens }]) => [name, listens]),
    }
  );
}
