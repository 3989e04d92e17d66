import { isHostEvent, type ForeignEvent, type HostEvent, type HostState } from "@ostler/protocol";
import { backFromMaintenance, type Decision } from "./policy.js";

/** A failed liveness check restarts its process, or the whole service when it names none. */
export function restartUnhealthy(event: HostEvent | ForeignEvent, state: HostState): Decision[] {
  if (isHostEvent(event) && event.type === "check.failed")
    return event.data.role === "liveness" ? [restart(event.data.service, event.data.check, event.data)] : [];
  return backFromMaintenance(event, state).flatMap(([service, { checks }]) =>
    Object.entries(checks)
      .filter(([, { role, status }]) => role === "liveness" && status === "failed")
      .slice(0, 1) // One restart cures them all, or the next failure asks for another.
      .map(([check, its]) => restart(service, check, its)),
  );
}

function restart(
  service: string,
  check: string,
  its: { process?: string | undefined; reason?: string | undefined },
): Decision {
  const { process, reason = "" } = its;
  return {
    policy: "restart-unhealthy",
    name: "service.restart",
    args: { service, ...(process === undefined ? {} : { process }) },
    reason: `liveness check ${check} failed: ${reason}`,
  };
}
