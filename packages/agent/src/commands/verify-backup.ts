import type { Handler } from "../core/dispatcher.js";
import type { Backups } from "../sources/backups/backups.js";

export function verifyBackup(backups: () => Promise<Backups>): Handler<"backup.verify"> {
  return async ({ service, backup, id }, { signal }) => (await backups()).verify({ service, backup }, id, signal);
}
