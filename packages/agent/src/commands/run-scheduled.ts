import { OstlerError, own, type HostState } from "@ostler/protocol";
import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";
import { refuseIsolated } from "./refuse-isolated.js";

/** What its overlap means while it runs is decided by the supervisor, which alone knows whether it does. */
export function runScheduled(supervisor: Supervisor, state: () => HostState): Handler<"service.run"> {
  return async ({ service, process }) => {
    refuseIsolated(service, state());
    const its = own(own(state().services, service)?.processes ?? {}, process);
    if (its && its.type !== "scheduled")
      throw new OstlerError(
        "wrong-state",
        `${service}/${process} has no schedule (\`cron\`). Use service.start instead.`,
      );
    if (its?.phase.name === "stopped")
      throw new OstlerError(
        "wrong-state",
        `${service}/${process} is stopped. Send service.start for ${service} first.`,
      );
    supervisor.due(service, process);
    return {};
  };
}
