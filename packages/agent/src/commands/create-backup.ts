import type { Handler } from "../core/dispatcher.js";
import type { Backups } from "../sources/backups/backups.js";

export function createBackup(backups: () => Promise<Backups>): Handler<"backup.create"> {
  return async ({ service, backup }, { signal }) => (await backups()).create({ service, backup }, signal);
}
