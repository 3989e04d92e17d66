import type { Handler } from "../core/dispatcher.js";
import type { Backups } from "../sources/backups/backups.js";

export function pruneBackups(backups: () => Promise<Backups>): Handler<"backup.prune"> {
  return async ({ service, backup, dryRun }, { signal }) =>
    (await backups()).prune({ service, backup }, dryRun, signal);
}
