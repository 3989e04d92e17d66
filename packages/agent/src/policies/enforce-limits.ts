import { isHostEvent, limitInWords, type ForeignEvent, type HostEvent } from "@ostler/protocol";
import type { Decision } from "./policy.js";

/** An exceeded limit restarts or stops its process, where its watch wants that. */
export function enforceLimits(event: HostEvent | ForeignEvent): Decision | undefined {
  if (!isHostEvent(event) || event.type !== "service.limit-exceeded" || event.data.action === "none") return undefined;
  const { service, process, watch, action } = event.data;
  return {
    policy: "enforce-limits",
    name: `service.${action}`,
    args: { service, process },
    reason: `watch ${watch}: ${limitInWords(event.data)}`,
  };
}
