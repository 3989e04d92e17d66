import type { Handler } from "../core/dispatcher.js";
import type { Backups } from "../sources/backups/backups.js";

export function drillBackup(backups: () => Promise<Backups>): Handler<"backup.drill"> {
  return async ({ service, backup, id }, { signal }) => (await backups()).drill({ service, backup }, id, signal);
}
