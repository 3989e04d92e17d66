import { own, type ProcessType } from "@ostler/protocol";
import { typeOf, type ProcessConfig } from "../../config/processes.js";
import { restartConfig, type RestartConfig } from "../../config/restart.js";
import { processesOf, type ServiceConfig } from "../../config/services.js";
import { stopConfig } from "../../config/stop.js";
import type { Slot } from "./records.js";

export type Services = Readonly<Record<string, ServiceConfig>>;

/** What a process goes by. */
export type ProcessSpec = { config: ProcessConfig; restart: RestartConfig };

/** Of what type a process of ours is in the configuration; nothing when it is not there. */
export function typeIn(services: Services, { service, process }: Slot): ProcessType | undefined {
  const config = services[service];
  const its = config && !config.attach ? own(processesOf(config), process) : undefined;
  return its && typeOf(its);
}

/** The settings of a process; of one that has left the configuration, what is needed to stop it. */
export function specIn(services: Services, { service, process }: Slot): ProcessSpec {
  const config = services[service];
  const processConfig = config && processesOf(config)[process];
  // A process that is to end is not restarted for ending well.
  if (processConfig && typeOf(processConfig) === "oneshot" && config.restart.policy === "always")
    return { config: processConfig, restart: { ...config.restart, policy: "on-failure" } };
  if (processConfig) return { config: processConfig, restart: config.restart };
  const stop = stopConfig.parse({});
  return {
    config: { command: [], env: {}, cwd: "/", listens: [], stop },
    restart: restartConfig.parse({ policy: "never" }),
  };
}
