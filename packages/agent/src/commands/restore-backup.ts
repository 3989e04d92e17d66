import type { Handler } from "../core/dispatcher.js";
import type { Backups } from "../sources/backups/backups.js";

export function restoreBackup(backups: () => Promise<Backups>): Handler<"backup.restore"> {
  return async ({ service, backup, ...how }, { signal }) => (await backups()).restore({ service, backup }, how, signal);
}
