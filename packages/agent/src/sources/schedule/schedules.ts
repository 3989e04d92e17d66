import { maintenanceInWords, maintenanceOf, own, type HostState, type ProcessState } from "@ostler/protocol";
import type { CronConfig } from "../../config/cron.js";
import { processesOf, type ServiceConfig } from "../../config/services.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { watchClock } from "./clock-steps.js";
import { armCron, toleranceMs, type ArmedSchedule, type Told } from "./cron-task.js";

export type SchedulesDeps = {
  publish: Publish;
  clock: Clock;
  state: () => HostState;
  /** Arms a schedule; another one in tests. */
  arm?: (cron: CronConfig, told: Told) => ArmedSchedule;
};

type Missed = { fromMs: number; toMs: number; because: string };

/** Missed times that come within this time are told as one. */
const gatherMs = 100;

type Services = Readonly<Record<string, ServiceConfig>>;
type Slot = { service: string; process: string };
type Entry = { slot: Slot; cron: CronConfig; armed: ArmedSchedule; missed?: { fromMs: number; toMs: number } };

/**
 * Tells when scheduled processes are due, and when they were and nothing happened. Whether they run then is for others.
 * A clock that is set neither stops a schedule nor makes it run for every time that was passed over.
 */
export class Schedules implements Disposable {
  readonly #deps: SchedulesDeps;
  #entries = new Map<string, Entry>();
  /** When what was there before this agent was to run next. */
  readonly #expected = new Map<string, number>();
  readonly #watch: Disposable;
  /** Missed times come one by one, and are told together. */
  #cancelTelling = (): void => {};

  constructor(services: Services, deps: SchedulesDeps) {
    this.#deps = deps;
    this.#arm(services);
    for (const [key, { slot }] of this.#entries) {
      const { phase, schedule } = this.#processOf(slot) ?? {};
      if (schedule?.next !== undefined && phase?.name !== "stopped") this.#expected.set(key, Date.parse(schedule.next));
    }
    this.#watch = watchClock(deps.clock, (steppedMs) => this.#look(steppedMs));
  }

  /** When a process is to run next, in milliseconds since 1970; nothing when it has no schedule. */
  nextMs(slot: Slot): number | undefined {
    return this.#entries.get(keyOf(slot))?.armed.nextMs();
  }

  /** Tells what was missed while no agent was there. To be called once, when whoever acts on it listens. */
  catchUp(): void {
    const nowMs = this.#deps.clock.now();
    for (const [key, expectedMs] of this.#expected) {
      const entry = this.#entries.get(key);
      if (entry && expectedMs < nowMs - toleranceMs)
        this.#miss(entry, { fromMs: expectedMs, toMs: nowMs, because: "no agent was there" });
    }
    this.#expected.clear();
  }

  prepare(services: Services): Prepared {
    return {
      commit: async () => {
        const changed = this.#arm(services);
        for (const { slot, armed } of changed) this.#tellNext(slot, armed.nextMs());
      },
      discard: async () => {},
    };
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#cancelTelling();
    for (const { armed } of this.#entries.values()) armed[Symbol.dispose]();
    this.#entries.clear();
  }

  /** Goes over to these services; gives the schedules that are new or others than before. */
  #arm(services: Services): Entry[] {
    const before = this.#entries;
    this.#entries = new Map();
    const changed: Entry[] = [];
    for (const [service, config] of Object.entries(services))
      for (const [process, { cron }] of Object.entries(processesOf(config))) {
        if (!cron) continue;
        const slot = { service, process };
        const known = before.get(keyOf(slot));
        const isKnown = known?.cron.at === cron.at && known.cron.timezone === cron.timezone;
        const entry: Entry = isKnown ? { ...known, cron } : this.#newEntry(slot, cron);
        this.#entries.set(keyOf(slot), entry);
        if (!isKnown) changed.push(entry);
      }
    const kept = new Set([...this.#entries.values()].map(({ armed }) => armed));
    for (const { armed } of before.values()) if (!kept.has(armed)) armed[Symbol.dispose]();
    return changed;
  }

  #newEntry(slot: Slot, cron: CronConfig): Entry {
    const { arm = armCron } = this.#deps;
    const entryNow = (): Entry | undefined => this.#entries.get(keyOf(slot));
    const armed = arm(cron, {
      due: (slotMs) => this.#onDue(entryNow(), slotMs),
      missed: (slotMs) => this.#onMissed(entryNow(), slotMs),
    });
    return { slot, cron, armed };
  }

  #onDue(entry: Entry | undefined, slotMs: number): void {
    const process = entry && this.#processOf(entry.slot);
    // Who stopped it wants no run; and a clock that was set back brings the same time again.
    if (!process || process.phase.name === "stopped" || process.schedule?.lastDue === at(slotMs)) return;
    const maintenance = maintenanceOf(this.#deps.state(), entry.slot.service);
    if (maintenance)
      return this.#miss(entry, { fromMs: slotMs, toMs: slotMs, because: `it is ${maintenanceInWords(maintenance)}` });
    this.#passOver(entry, (missed) => this.#tellMissed(entry, missed)); // This run makes up for them.
    this.#trigger(entry, slotMs, false);
  }

  #onMissed(entry: Entry | undefined, slotMs: number): void {
    if (!entry) return;
    entry.missed = { fromMs: slotMs, ...entry.missed, toMs: slotMs };
    this.#cancelTelling();
    this.#cancelTelling = this.#deps.clock.after(gatherMs, () => {
      for (const one of this.#entries.values()) this.#passOver(one, (missed) => this.#miss(one, missed));
    });
  }

  #passOver(entry: Entry, then: (missed: Missed) => void): void {
    const { missed } = entry;
    delete entry.missed;
    if (missed) then({ ...missed, because: "the host or its agent slept, or its clock was set" });
  }

  #look(steppedMs: number): void {
    if (steppedMs === 0) return;
    const nowMs = this.#deps.clock.now();
    for (const entry of this.#entries.values()) {
      const { slot, armed } = entry;
      armed.rearm();
      const next = this.#processOf(slot)?.schedule?.next;
      if (next === undefined || entry.missed) continue;
      const expectedMs = Date.parse(next);
      if (expectedMs < nowMs - toleranceMs)
        this.#miss(entry, { fromMs: expectedMs, toMs: nowMs, because: "the clock was set" });
      else if (expectedMs !== armed.nextMs()) this.#tellNext(slot, armed.nextMs());
    }
  }

  /** Tells what was missed, and makes up for it where that is wanted. */
  #miss(entry: Entry, missed: Missed): void {
    const then = this.#tellMissed(entry, missed);
    if (then === "run") this.#trigger(entry, missed.toMs, true);
    if (then === "skip") this.#tellNext(entry.slot, entry.armed.nextMs());
  }

  /** Gives what is to follow; nothing when it is not to run anyway. */
  #tellMissed({ slot, cron }: Entry, { fromMs, toMs, because }: Missed): "run" | "skip" | undefined {
    const process = this.#processOf(slot);
    if (!process || process.phase.name === "stopped") return undefined;
    const then = maintenanceOf(this.#deps.state(), slot.service) ? "skip" : cron.missed;
    this.#deps.publish({
      type: "service.run-missed",
      data: { ...slot, from: at(fromMs), to: at(toMs), because, then },
    });
    return then;
  }

  #trigger({ slot, armed }: Entry, dueMs: number, late: boolean): void {
    const nextMs = armed.nextMs();
    const next = nextMs === undefined ? {} : { next: at(nextMs) };
    this.#deps.publish({ type: "service.triggered", data: { ...slot, due: at(dueMs), late, ...next } });
  }

  /** Of a process that is to run. */
  #tellNext(slot: Slot, nextMs: number | undefined): void {
    const phase = this.#processOf(slot)?.phase.name;
    if (nextMs === undefined || phase === undefined || phase === "stopped") return;
    this.#deps.publish({ type: "service.scheduled", data: { ...slot, next: at(nextMs) } });
  }

  #processOf({ service, process }: Slot): ProcessState | undefined {
    const its = own(this.#deps.state().services, service);
    return its && own(its.processes, process);
  }
}

function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}
