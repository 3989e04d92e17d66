import { unreadyReasons, type HostState } from "@ostler/protocol";
import type { Publish, Published } from "../../core/bus.js";

/** Tells when a service becomes ready and when it is no longer: a bus listener that looks only at the state. */
export function readinessWatch(publish: Publish): (published: Published) => void {
  return ({ before, state }) => {
    for (const service of changed(before, state)) {
      const known = state.services[service];
      if (!known) continue;
      const reasons = unreadyReasons(known);
      if (reasons.length === 0 && !known.ready) publish({ type: "service.ready", data: { service } });
      if (reasons.length > 0 && known.ready) publish({ type: "service.unready", data: { service, reasons } });
    }
  };
}

function changed(before: HostState, after: HostState): string[] {
  if (before.services === after.services) return [];
  return Object.keys(after.services).filter((service) => before.services[service] !== after.services[service]);
}
