import { isHostEvent, type ForeignEvent, type HostEvent } from "@ostler/protocol";
import type { Decision } from "./policy.js";

/** A scheduled process runs when it is due. */
export function runTriggered(event: HostEvent | ForeignEvent): Decision[] {
  if (!isHostEvent(event) || event.type !== "service.triggered") return [];
  const { service, process, due, late } = event.data;
  const reason = `it was due at ${due}${late ? ", and missed that" : ""}`;
  return [{ policy: "run-triggered", name: "service.run", args: { service, process }, reason }];
}
