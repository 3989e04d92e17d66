import { isHostEvent, type CheckRole, type ForeignEvent, type HostEvent, type HostState } from "@ostler/protocol";
import { backFromMaintenance, type Decision } from "./policy.js";

/** A failed liveness or startup check restarts its process, or the whole service when it names none. */
export function restartUnhealthy(event: HostEvent | ForeignEvent, state: HostState): Decision[] {
  if (isHostEvent(event) && event.type === "check.failed")
    return restarts(event.data.role) ? [restart(event.data.service, event.data.check, event.data)] : [];
  return backFromMaintenance(event, state).flatMap(([service, { checks }]) =>
    Object.entries(checks)
      .filter(([, { role, status }]) => restarts(role) && status === "failed")
      .slice(0, 1) // One restart cures them all, or the next failure asks for another.
      .map(([check, its]) => restart(service, check, its)),
  );
}

function restarts(role: CheckRole): boolean {
  return role === "liveness" || role === "startup";
}

function restart(
  service: string,
  check: string,
  its: { role: CheckRole; process?: string | undefined; reason?: string | undefined },
): Decision {
  const { role, process, reason = "" } = its;
  return {
    policy: "restart-unhealthy",
    name: "service.restart",
    args: { service, ...(process === undefined ? {} : { process }) },
    reason: `${role} check ${check} failed: ${reason}`,
  };
}
