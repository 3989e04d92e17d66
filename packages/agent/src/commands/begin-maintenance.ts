import { parseDuration } from "@ostler/protocol";
import type { Handler } from "../core/dispatcher.js";
import type { MaintenanceWatch } from "../sources/maintenance/maintenance.js";

export function beginMaintenance(watch: MaintenanceWatch): Handler<"maintenance.on"> {
  return async ({ service, for: span }, { actor, reason = "" }) => {
    watch.begin(service, { forMs: parseDuration(span) ?? 0, actor, reason });
    return {};
  };
}
