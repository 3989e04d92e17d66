import type { HostEvent } from "./events/index.js";
import { own, without } from "./own.js";
import type { BackupState, ServiceState } from "./state.js";

/** Of one set no more backups are remembered as damaged, and as read back; of those beyond it, the oldest are forgotten. */
export const maxRemembered = 100;

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
    case "backup.pruned":
      return recovered(withoutAll(before, event.data.removed), "prune");
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
      const { id, files, bytes, storedBytes, tookMs, flaws, note } = event.data;
      if (note !== undefined) return before; // That somebody restores something does not make a backup due later.
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
      const { id, isWhole } = event.data;
      const its = isWhole ? withoutDamage(before, [id]) : before;
      return recovered({ ...withReadBack(its, id, { verified: time }), verified: { id, at: time } }, "verify");
    }
    case "backup.drilled": {
      const { id } = event.data;
      const its = withReadBack(withoutDamage(before, [id]), id, { proven: time });
      return recovered({ ...its, proven: { id, at: time } }, "drill");
    }
    case "backup.damaged": {
      const { id, reason } = event.data;
      return { ...before, damaged: bounded({ ...before.damaged, [id]: reason }) }; // That what read it has failed is told next.
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

function withReadBack(its: BackupState, id: string, news: { verified: string } | { proven: string }): BackupState {
  const { readBack = {} } = its;
  return { ...its, readBack: bounded({ ...readBack, [id]: { ...own(readBack, id), ...news } }) };
}

/** They are gone. */
function withoutAll(its: BackupState, ids: readonly string[]): BackupState {
  const { readBack = {}, ...rest } = withoutDamage(its, ids);
  const left = Object.entries(readBack).filter(([id]) => !ids.includes(id));
  return left.length > 0 ? { ...rest, readBack: Object.fromEntries(left) } : rest;
}

/** They are gone, or whole again. */
function withoutDamage({ damaged = {}, ...rest }: BackupState, ids: readonly string[]): BackupState {
  const left = Object.entries(damaged).filter(([id]) => !ids.includes(id));
  return left.length > 0 ? { ...rest, damaged: Object.fromEntries(left) } : rest;
}

/** In ids of one set stands the time: they sort by it, whatever the order in which they came. */
function bounded<T>(known: Record<string, T>): Record<string, T> {
  const byId = ([a]: [string, T], [b]: [string, T]): number => (a < b ? -1 : 1);
  return Object.fromEntries(Object.entries(known).sort(byId).slice(-maxRemembered));
}

function withoutRunning(its: BackupState): BackupState {
  const { running, ...rest } = its;
  return running ? rest : its;
}
