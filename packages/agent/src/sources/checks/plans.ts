import { baseName, own, type HostState, type ProcessState, type RunUsage } from "@ostler/protocol";
import type { CheckConfig } from "../../config/checks/check.js";
import { listensCheck, processesOf, type ServiceConfig } from "../../config/services.js";
import type { Clock } from "../../core/clock.js";
import type { LookAt } from "../../core/series.js";
import type { CheckPlan } from "./checker.js";
import { listensProbe } from "./kinds/listens.js";
import type { Pushes } from "./kinds/push.js";
import { probeOf, type ProbeHands } from "./probe-of.js";

type Slot = { service: string; process: string };

export type PlansDeps = {
  clock: Clock;
  state: () => HostState;
  /** Pids of everything a process consists of. */
  pidsOf: (slot: Slot) => number[];
  /** What a process used when that was measured last. */
  usageOf: (slot: Slot) => RunUsage | undefined;
  look: LookAt;
  /** Directory of the spool files. */
  spools: string;
};

/** How often it is looked after that the declared sockets still belong to their process. */
const listensTiming = { every: 5000, timeout: 2000, initial_delay: 0, failures: 2, successes: 1 };

/** All checks of a service that ask: the configured ones, and those of the sockets that its processes declare. */
export function plansOf(service: string, config: ServiceConfig, pushes: Pushes, deps: PlansDeps): CheckPlan[] {
  const configured = config.checks.map((check): CheckPlan => {
    const { name, role, process, every, timeout, initial_delay, failures, successes } = check;
    return {
      ...{ service, check: name, role, every, timeout, initial_delay, failures, successes },
      ...(process === undefined ? {} : { process }),
      probe: probeOf(check, handsOf(service, config, check, pushes, deps)),
    };
  });
  const listening = Object.entries(processesOf(config)).filter(([, { listens }]) => listens.length > 0);
  const declared = listening.map(([process, { listens }]): CheckPlan => {
    const probe = listensProbe(listens, () => deps.pidsOf({ service, process }));
    return { service, check: listensCheck(process), role: "readiness", process, ...listensTiming, probe };
  });
  return [...configured, ...declared];
}

/** Everything in a service's configuration that its checks depend on. */
export function settingsOfChecks(config: ServiceConfig | undefined): unknown {
  return (
    config && {
      checks: config.checks,
      listens: Object.entries(processesOf(config)).map(([name, { listens }]) => [name, listens]),
    }
  );
}

/** Is a check about this process? Without one it is about the daemons of its service. */
export function isAbout(state: HostState, service: string, about: string | undefined, process: string): boolean {
  if (about !== undefined) return about === process || about === baseName(process);
  return own(own(state.services, service)?.processes ?? {}, process)?.type === undefined;
}

function handsOf(
  service: string,
  { attach }: ServiceConfig,
  { process }: CheckConfig,
  pushes: Pushes,
  { clock, look, state, usageOf, spools }: PlansDeps,
): ProbeHands {
  const meant = (): [string, ProcessState][] =>
    Object.entries(own(state().services, service)?.processes ?? {}).filter(([name]) =>
      isAbout(state(), service, process, name),
    );
  return {
    service,
    look,
    pushes,
    nowMs: () => clock.now(),
    monotonicMs: () => clock.monotonic(),
    runAgeMs: () => {
      const ages = meant().flatMap(([, { phase }]) =>
        phase.name === "running" ? [clock.now() - Date.parse(phase.since)] : [],
      );
      return ages.length === 0 ? 0 : Math.min(...ages);
    },
    processes: () =>
      meant().map(([name, { phase }]) => ({
        process: name,
        isRunning: phase.name === "running" || phase.name === "stopping",
        usage: usageOf({ service, process: name }),
      })),
    output: () =>
      attach?.systemd !== undefined ? { unit: attach.systemd } : { spools, processes: meant().map(([name]) => name) },
  };
}
