import { own, scheduledDeed, type HostState, type ScheduledDeed } from "@ostler/protocol";
import type { CronConfig } from "../../config/cron.js";
import type { ServiceConfig } from "../../config/services.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import { Timetable, type Known, type TimetableDeps } from "./timetable.js";

export type BackupSlot = { service: string; backup: string; doing: ScheduledDeed };

export type BackupTimesDeps = TimetableDeps & {
  publish: Publish;
  /** How many commands that do this run or wait. */
  open: (slot: BackupSlot) => number;
};

type Services = Readonly<Record<string, ServiceConfig>>;

/** Tells when backups are to be made, verified and proven. A policy makes commands of it. */
export class BackupTimes implements Disposable {
  readonly #timetable: Timetable<BackupSlot>;

  constructor(services: Services, { publish, open, ...deps }: BackupTimesDeps) {
    this.#timetable = new Timetable(slotsIn(services), deps, {
      known: (slot) => knownOf(deps.state(), slot),
      due: (slot, told, { overlap }) => {
        const { due, next } = told;
        if (open(slot) < (overlap === "queue" ? 2 : 1))
          publish({ type: "backup.triggered", data: { ...slot, ...told } });
        else {
          const because = "what was due before it has not ended";
          publish({ type: "backup.missed", data: { ...slot, from: due, to: due, because, then: "skip" } });
          if (next !== undefined) publish({ type: "backup.scheduled", data: { ...slot, next } });
        }
      },
      missed: (slot, told) => void publish({ type: "backup.missed", data: { ...slot, ...told } }),
      next: (slot, next) => void publish({ type: "backup.scheduled", data: { ...slot, next } }),
    });
    // What nobody has told the time of yet, as after its first start.
    for (const slot of slotsIn(services).keys()) {
      const nextMs = this.#timetable.nextMs(slot);
      if (nextMs !== undefined && knownOf(deps.state(), slot)?.next === undefined)
        publish({ type: "backup.scheduled", data: { ...slot, next: new Date(nextMs).toISOString() } });
    }
  }

  /** Tells what was missed while no agent was there. To be called once, when whoever acts on it listens. */
  catchUp(): void {
    this.#timetable.catchUp();
  }

  prepare(services: Services): Prepared {
    return { commit: async () => this.#timetable.change(slotsIn(services)), discard: async () => {} };
  }

  [Symbol.dispose](): void {
    this.#timetable[Symbol.dispose]();
  }
}

function slotsIn(services: Services): Map<BackupSlot, CronConfig> {
  const slots = new Map<BackupSlot, CronConfig>();
  for (const [service, { backups }] of Object.entries(services))
    for (const { name: backup, schedule, verify, drill } of backups) {
      const crons = { create: schedule, verify: verify.schedule, drill: drill?.schedule };
      for (const doing of scheduledDeed.options) {
        const cron = crons[doing];
        if (cron) slots.set({ service, backup, doing }, cron);
      }
    }
  return slots;
}

function knownOf(state: HostState, { service, backup, doing }: BackupSlot): Known | undefined {
  const its = own(state.services, service);
  return its && (own(its.backups ?? {}, backup)?.schedule?.[doing] ?? {});
}
