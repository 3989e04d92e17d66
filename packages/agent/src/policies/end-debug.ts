import { isHostEvent, own, type ForeignEvent, type HostEvent, type HostState } from "@ostler/protocol";
import { backFromMaintenance, type Decision } from "./policy.js";

/** What was to be debugged for a time runs as usual again when that is over: also after a maintenance or an isolation it fell into. */
export function endDebug(event: HostEvent | ForeignEvent, state: HostState): Decision[] {
  if (!isHostEvent(event)) return [];
  if (event.type === "debug.expired") return [end(event.data.service)];
  const back = backFromMaintenance(event, state).map(([service]) => service);
  if (event.type === "service.released") back.push(event.data.service);
  return back.filter((service) => own(state.services, service)?.debug?.isOver).map(end);
}

function end(service: string): Decision {
  return { policy: "end-debug", name: "debug.off", args: { service }, reason: "the time for debugging is over" };
}
