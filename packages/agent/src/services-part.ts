import { OstlerError, type HostState } from "@ostler/protocol";
import type { Loaded } from "./config/load.js";
import { effective } from "./config/effective.js";
import { effectOf } from "./config/plan.js";
import { processesOf } from "./config/services.js";
import type { ProcessConfig } from "./config/processes.js";
import type { Part } from "./core/assembly.js";
import type { Checks } from "./sources/checks/checks.js";
import { preflight } from "./sources/supervisor/preflight.js";
import type { Services } from "./sources/supervisor/spec.js";
import type { Supervisor } from "./sources/supervisor/supervisor.js";

export type ServicesPartDeps = {
  supervisor: Supervisor;
  checks: Checks;
  env: NodeJS.ProcessEnv;
  state: () => HostState;
};

/** Supervisor and checks go over to another configuration together. */
export function servicesPart({ supervisor, checks, env, state }: ServicesPartDeps): Part<Loaded> {
  return {
    name: "services",
    prepare: async ({ config }) => {
      const before = supervisor.services;
      const services = effective(config.services, state());
      const isChanged = startsAnew(before, services);
      for (const slot of slotsOf(services).filter(isChanged)) refuseUnstartable(slot, services, env);
      return {
        commit: async (signal) => {
          await supervisor.reconfigure(services, isChanged, signal);
          checks.reconfigure(services);
        },
        discard: async () => {},
      };
    },
  };
}

type Slot = { service: string; process: string };

function slotsOf(services: Services): Slot[] {
  const own = Object.entries(services).filter(([, { attach }]) => !attach); // The others are not ours to start.
  return own.flatMap(([service, config]) => Object.keys(processesOf(config)).map((process) => ({ service, process })));
}

function processIn(services: Services, { service, process }: Slot): ProcessConfig | undefined {
  const config = services[service];
  return config && processesOf(config)[process];
}

/** Is a process to be started anew when it goes over from one configuration to the other? */
export function startsAnew(before: Services, after: Services): (slot: Slot) => boolean {
  return (slot) => changes(slot, before, after);
}

/** Is a setting of the process another one that takes effect only by a start? What restarts it is said at each setting. */
function changes(slot: Slot, before: Services, after: Services): boolean {
  const [old, next] = [processIn(before, slot), processIn(after, slot)];
  const settings = Object.keys({ ...old, ...next }) as (keyof ProcessConfig)[];
  return settings.some((setting) => {
    const effect = effectOf(["services", slot.service, "processes", slot.process, setting]);
    return effect === "restarts-process" && JSON.stringify(old?.[setting]) !== JSON.stringify(next?.[setting]);
  });
}

/** What can be known not to start is refused before anything is stopped for it. */
function refuseUnstartable(slot: Slot, services: Services, env: NodeJS.ProcessEnv): void {
  const process = processIn(services, slot);
  const verdict = process && preflight(process, env);
  if (verdict && "reason" in verdict)
    throw new OstlerError(
      "config-invalid",
      `services.${slot.service}: process ${slot.process} could not be started: ${verdict.reason}`,
    );
}
