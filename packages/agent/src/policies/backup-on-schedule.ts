import { isHostEvent, type ForeignEvent, type HostEvent } from "@ostler/protocol";
import type { Decision } from "./policy.js";

const commands = { create: "backup.create", verify: "backup.verify", drill: "backup.drill" } as const;

/** What is due with backups is done. */
export function backupOnSchedule(event: HostEvent | ForeignEvent): Decision[] {
  if (!isHostEvent(event) || event.type !== "backup.triggered") return [];
  const { service, backup, doing, due, late } = event.data;
  const reason = `it was due at ${due}${late ? ", and missed that" : ""}`;
  return [{ policy: "backup-on-schedule", name: commands[doing], args: { service, backup }, reason }];
}
