import type { Handler } from "../core/dispatcher.js";
import type { MaintenanceWatch } from "../sources/maintenance/maintenance.js";

export function endMaintenance(watch: MaintenanceWatch): Handler<"maintenance.off"> {
  return async ({ service }, { actor }) => {
    watch.end(service, actor);
    return {};
  };
}
