import type { HostEvent } from "./events/index.js";
import { own, without } from "./own.js";
import type { BackupState, ServiceState } from "./state.js";

type BackupEvent = Extract<HostEvent, { type: `backup.${string}` }>;

/** What an event of backups makes of their service. */
export function foldBackup(service: ServiceState, event: BackupEvent, time: string): ServiceState {
  const { backup } = event.data;
  if (event.type === "backup.removed") return { ...service, backups: without(service.backups ?? {}, backup) };
  const before = own(service.backups ?? {}, backup) ?? {};
  return { ...service, backups: { ...service.backups, [backup]: foldSet(before, event, time) } };
}

function foldSet(
  before: BackupState,
  event: Exclude<BackupEvent, { type: "backup.removed" }>,
  time: string,
): BackupState {
  switch (event.type) {
    case "backup.scheduled":
    case "backup.triggered": {
      const { doing, next } = event.data;
      const lastDue = event.type === "backup.triggered" ? event.data.due : before.schedule?.[doing]?.lastDue;
      const its = { ...(next === undefined ? {} : { next }), ...(lastDue === undefined ? {} : { lastDue }) };
      return { ...before, schedule: { ...before.schedule, [doing]: its } };
    }
    case "backup.missed":
      return before;
    case "backup.pruned": {
      const { damaged, ...rest } = withoutRunning(before);
      const left = Object.entries(damaged ?? {}).filter(([id]) => !event.data.removed.includes(id));
      return recovered(left.length > 0 ? { ...rest, damaged: Object.fromEntries(left) } : rest, "prune");
    }
    case "backup.restored":
      return recovered(before, "restore");
    case "backup.began": {
      const { doing } = event.data;
      return { ...before, running: { doing, since: time, percent: 0 } };
    }
    case "backup.progressed": {
      const { percent } = event.data;
      return before.running ? { ...before, running: { ...before.running, percent } } : before;
    }
    case "backup.created": {
      const { id, files, bytes, storedBytes, tookMs, flaws } = event.data;
      const flawed = flaws.isEmpty || [flaws.changed, flaws.vanished].some(({ length }) => length > 0);
      const made = recovered(
        { ...before, last: { id, at: time, files, bytes, storedBytes, tookMs, flawed } },
        "create",
      );
      return event.data.copyTo === undefined ? recovered(made, "copy") : made; // It is not wanted any more.
    }
    case "backup.copied":
      return recovered(before, "copy");
    case "backup.verified": {
      const { id } = event.data;
      const damaged = without(before.damaged ?? {}, id);
      return recovered({ ...before, damaged, verified: { id, at: time } }, "verify");
    }
    case "backup.drilled":
      return recovered({ ...before, proven: { id: event.data.id, at: time } }, "drill");
    case "backup.damaged": {
      const { id, reason } = event.data;
      return withoutRunning({
        ...before,
        failed: { ...before.failed, verify: { at: time, reason: `${id}: ${reason}` } },
      });
    }
    case "backup.failed": {
      const { doing, reason } = event.data;
      return withoutRunning({ ...before, failed: { ...before.failed, [doing]: { at: time, reason } } });
    }
    case "backup.interrupted":
      return withoutRunning(before);
    default:
      return event satisfies never;
  }
}

/** It is done; that it failed before is over. */
function recovered(its: BackupState, doing: string): BackupState {
  const { failed, ...rest } = withoutRunning(its);
  const others = without(failed ?? {}, doing);
  return Object.keys(others).length > 0 ? { ...rest, failed: others } : rest;
}

function withoutRunning(its: BackupState): BackupState {
  const { running, ...rest } = its;
  return running ? rest : its;
}
