import type { HostState } from "@ostler/protocol";
import type { CheckConfig } from "../../config/checks.js";
import { listensCheck, processesOf, type ServiceConfig } from "../../config/services.js";
import type { Published } from "../../core/bus.js";
import { newStop } from "../../core/stop.js";
import { runCheck, type CheckerDeps, type CheckPlan } from "./checker.js";
import { execProbe } from "./exec.js";
import { httpProbe } from "./http.js";
import { listensProbe } from "./listens.js";
import { tcpProbe } from "./tcp.js";
import type { Probe } from "./verdict.js";

export type ChecksDeps = CheckerDeps & {
  state: () => HostState;
  /** Pids of everything a process consists of. */
  pidsOf: (slot: { service: string; process: string }) => number[];
};

export type Services = Readonly<Record<string, ServiceConfig>>;

/** How often it is looked after that the declared sockets still belong to their process. */
const listensTiming = { every: 5000, timeout: 2000, initial_delay: 0, failures: 2, successes: 1 };

/** Runs the checks of every service while one of its processes runs, and begins anew after each start. */
export class Checks implements AsyncDisposable {
  readonly #deps: ChecksDeps;
  #services: Services;
  /** The checks that run, by service: what stops them, and when they have stopped. */
  readonly #running = new Map<string, { stop: AbortController; done: Promise<unknown> }>();

  constructor(services: Services, deps: ChecksDeps) {
    this.#deps = deps;
    this.#services = services;
    for (const service of Object.keys(services)) if (this.#hasProcess(service)) this.#begin(service);
  }

  /** The bus's listener. */
  readonly follow = ({ event }: Published): void => {
    switch (event.type) {
      case "service.started":
      case "service.restarted":
      case "service.adopted":
        return this.#begin((event.data as { service: string }).service);
      case "service.exited":
      case "service.removed": {
        const { service } = event.data as { service: string };
        if (!this.#hasProcess(service)) this.#stop(service);
      }
    }
  };

  /** Begins the checks of the services anew whose checks have changed; the others go on. */
  reconfigure(services: Services): void {
    const before = this.#services;
    this.#services = services;
    for (const [service, config] of Object.entries(services))
      if (JSON.stringify(planOf(before[service])) !== JSON.stringify(planOf(config)) && this.#hasProcess(service))
        this.#begin(service);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#running];
    for (const [service] of running) this.#stop(service);
    await Promise.all(running.map(([, { done }]) => done));
  }

  #begin(service: string): void {
    this.#stop(service);
    const config = this.#services[service];
    if (!config) return;
    const stop = newStop();
    const plans = [
      ...config.checks.map((check) => this.#planOf(service, check)),
      ...this.#listensPlans(service, config),
    ];
    const done = Promise.all(plans.map((plan) => runCheck(plan, this.#deps, stop.signal)));
    this.#running.set(service, { stop, done });
  }

  #stop(service: string): void {
    this.#running.get(service)?.stop.abort();
    this.#running.delete(service);
  }

  #hasProcess(service: string): boolean {
    const processes = this.#deps.state().services[service]?.processes ?? {};
    return Object.values(processes).some(({ phase }) => phase.name === "running" || phase.name === "stopping");
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
