import type { Complaint } from "./problems.js";
import { keysOf } from "./schema-walk.js";
import { serviceConfig } from "./services.js";

/** What a service with `attach` may have as well; `command` and `processes` are refused by the schema already. */
const allowed = [
  ...["attach", "command", "processes", "listens", "checks", "watch", "metrics", "logs", "backups", "rules", "tasks"],
];

/** Why not, where there is more to say than that it is not for us. */
const reasons: Record<string, string> = {
  restart: "its owner restarts it; for systemd that is Restart= in the unit",
  stop: "its owner stops it; for systemd see KillSignal= and TimeoutStopSec= in the unit",
};

const itsOwners = "its owner starts the process; set it there";

/**
 * Settings that a service cannot have beside `attach`. Looked for in what was written: whoever reads the loaded configuration
 * cannot tell a default from a setting.
 */
export function besideAttach(document: unknown): Complaint[] {
  const services = isMapping(document) && isMapping(document.services) ? document.services : {};
  const settings = keysOf(serviceConfig);
  return Object.entries(services).flatMap(([service, config]) => {
    if (!isMapping(config) || config.attach === undefined) return [];
    return Object.keys(config)
      .filter((key) => settings.includes(key) && !allowed.includes(key))
      .map((key) => ({
        path: ["services", service, key],
        atKey: true,
        message: `is of no use beside attach: ${(Object.hasOwn(reasons, key) ? reasons[key] : undefined) ?? itsOwners}`,
      }));
  });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
