import type { ForeignEvent, HostEvent } from "@ostler/protocol";
import { isHostEvent } from "@ostler/protocol";
import type { Decision } from "./policy.js";

/** A failed liveness check restarts its process, or the whole service when it names none. */
export function restartUnhealthy(event: HostEvent | ForeignEvent): Decision | undefined {
  if (!isHostEvent(event) || event.type !== "check.failed" || event.data.role !== "liveness") return undefined;
  const { service, process, check, reason } = event.data;
  return {
    policy: "restart-unhealthy",
    name: "service.restart",
    args: { service, ...(process === undefined ? {} : { process }) },
    reason: `liveness check ${check} failed: ${reason}`,
  };
}
