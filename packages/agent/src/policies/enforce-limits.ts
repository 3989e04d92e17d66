import {
  isHostEvent,
  limitInWords,
  type ForeignEvent,
  type HostEvent,
  type HostState,
  type LimitAction,
  type MeasuredLimit,
} from "@ostler/protocol";
import { backFromMaintenance, type Decision } from "./policy.js";

/** An exceeded limit restarts or stops its process, where its watch wants that. */
export function enforceLimits(event: HostEvent | ForeignEvent, state: HostState): Decision[] {
  if (isHostEvent(event) && event.type === "service.limit-exceeded")
    return enforce(event.data, event.data.watch, event.data);
  return backFromMaintenance(event, state).flatMap(([service, { processes }]) =>
    Object.entries(processes).flatMap(([process, { exceeded = {} }]) =>
      Object.entries(exceeded)
        .flatMap(([watch, limit]) => enforce({ service, process }, watch, limit))
        .slice(0, 1),
    ),
  );
}

function enforce(
  { service, process }: { service: string; process: string },
  watch: string,
  limit: MeasuredLimit & { action: LimitAction },
): Decision[] {
  if (limit.action === "none") return [];
  const reason = `watch ${watch}: ${limitInWords(limit)}`;
  return [{ policy: "enforce-limits", name: `service.${limit.action}`, args: { service, process }, reason }];
}
