import { isolationInWords, maintenanceInWords, maintenanceOf, own, type HostState } from "@ostler/protocol";
import type { CronConfig } from "../../config/cron.js";
import type { Clock } from "../../core/clock.js";
import { watchClock } from "./clock-steps.js";
import { armCron, toleranceMs, type ArmedSchedule, type Told } from "./cron-task.js";

export type TimetableDeps = {
  clock: Clock;
  state: () => HostState;
  /** Arms a schedule; another one in tests. */
  arm?: (cron: CronConfig, told: Told) => ArmedSchedule;
};

/** What was told of something that has a schedule: when it is due next, and when it was last. */
export type Known = { next?: string | undefined; lastDue?: string | undefined };

/** What happens at the times of a slot. Times are in ISO 8601. */
export type Teller<S> = {
  /** Nothing when it is not to be due at all. */
  known: (slot: S) => Known | undefined;
  due: (slot: S, told: { due: string; late: boolean; next?: string }, cron: CronConfig) => void;
  missed: (slot: S, told: { from: string; to: string; because: string; then: "run" | "skip" }) => void;
  next: (slot: S, next: string) => void;
};

type Missed = { fromMs: number; toMs: number; because: string };
type Entry<S> = { slot: S; cron: CronConfig; armed: ArmedSchedule; missed?: { fromMs: number; toMs: number } };

/** Missed times that come within this time are told as one. */
const gatherMs = 100;

/**
 * Tells when what has a schedule is due, and when it was and nothing happened. What comes of that is for others.
 * A clock that is set neither stops a schedule nor makes it due for every time that was passed over.
 */
export class Timetable<S extends { service: string }> implements Disposable {
  readonly #deps: TimetableDeps;
  readonly #teller: Teller<S>;
  #entries = new Map<string, Entry<S>>();
  /** When what was there before this agent was to be due next. */
  readonly #expected = new Map<string, number>();
  readonly #watch: Disposable;
  /** Missed times come one by one, and are told together. */
  #cancelTelling = (): void => {};

  constructor(wanted: ReadonlyMap<S, CronConfig>, deps: TimetableDeps, teller: Teller<S>) {
    this.#deps = deps;
    this.#teller = teller;
    this.#arm(wanted);
    for (const [key, { slot }] of this.#entries) {
      const { next } = teller.known(slot) ?? {};
      if (next !== undefined) this.#expected.set(key, Date.parse(next));
    }
    this.#watch = watchClock(deps.clock, (steppedMs) => this.#look(steppedMs));
  }

  /** When it is due next, in milliseconds since 1970; nothing when it has no schedule. */
  nextMs(slot: S): number | undefined {
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

  /** Goes over to these schedules, and tells when those are due that are new or others than before. */
  change(wanted: ReadonlyMap<S, CronConfig>): void {
    for (const { slot, armed } of this.#arm(wanted)) this.#tellNext(slot, armed.nextMs());
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#cancelTelling();
    for (const { armed } of this.#entries.values()) armed[Symbol.dispose]();
    this.#entries.clear();
  }

  /** Gives the schedules that are new or others than before. */
  #arm(wanted: ReadonlyMap<S, CronConfig>): Entry<S>[] {
    const before = this.#entries;
    this.#entries = new Map();
    const changed: Entry<S>[] = [];
    for (const [slot, cron] of wanted) {
      const known = before.get(keyOf(slot));
      const isKnown = known?.cron.at === cron.at && known.cron.timezone === cron.timezone;
      const entry: Entry<S> = isKnown ? { ...known, cron } : this.#newEntry(slot, cron);
      this.#entries.set(keyOf(slot), entry);
      if (!isKnown) changed.push(entry);
    }
    const kept = new Set([...this.#entries.values()].map(({ armed }) => armed));
    for (const { armed } of before.values()) if (!kept.has(armed)) armed[Symbol.dispose]();
    return changed;
  }

  #newEntry(slot: S, cron: CronConfig): Entry<S> {
    const { arm = armCron } = this.#deps;
    const entryNow = (): Entry<S> | undefined => this.#entries.get(keyOf(slot));
    const armed = arm(cron, {
      due: (slotMs) => this.#onDue(entryNow(), slotMs),
      missed: (slotMs) => this.#onMissed(entryNow(), slotMs),
    });
    return { slot, cron, armed };
  }

  #onDue(entry: Entry<S> | undefined, slotMs: number): void {
    const known = entry && this.#teller.known(entry.slot);
    if (!known || known.lastDue === at(slotMs)) return; // A clock that was set back brings the same time again.
    const because = heldBecause(this.#deps.state(), entry.slot.service);
    if (because !== undefined) return this.#miss(entry, { fromMs: slotMs, toMs: slotMs, because });
    this.#passOver(entry, (missed) => this.#tellMissed(entry, missed)); // This time makes up for them.
    this.#trigger(entry, slotMs, false);
  }

  #onMissed(entry: Entry<S> | undefined, slotMs: number): void {
    if (!entry) return;
    entry.missed = { fromMs: slotMs, ...entry.missed, toMs: slotMs };
    this.#cancelTelling();
    this.#cancelTelling = this.#deps.clock.after(gatherMs, () => {
      for (const one of this.#entries.values()) this.#passOver(one, (missed) => this.#miss(one, missed));
    });
  }

  #passOver(entry: Entry<S>, then: (missed: Missed) => void): void {
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
      const next = this.#teller.known(slot)?.next;
      if (next === undefined || entry.missed) continue;
      const expectedMs = Date.parse(next);
      if (expectedMs < nowMs - toleranceMs)
        this.#miss(entry, { fromMs: expectedMs, toMs: nowMs, because: "the clock was set" });
      else if (expectedMs !== armed.nextMs()) this.#tellNext(slot, armed.nextMs());
    }
  }

  /** Tells what was missed, and makes up for it where that is wanted. */
  #miss(entry: Entry<S>, missed: Missed): void {
    const then = this.#tellMissed(entry, missed);
    if (then === "run") this.#trigger(entry, missed.toMs, true);
    if (then === "skip") this.#tellNext(entry.slot, entry.armed.nextMs());
  }

  /** Gives what is to follow; nothing when it is not to be due anyway. */
  #tellMissed({ slot, cron }: Entry<S>, { fromMs, toMs, because }: Missed): "run" | "skip" | undefined {
    if (!this.#teller.known(slot)) return undefined;
    const then = heldBecause(this.#deps.state(), slot.service) === undefined ? cron.missed : "skip";
    this.#teller.missed(slot, { from: at(fromMs), to: at(toMs), because, then });
    return then;
  }

  #trigger({ slot, cron, armed }: Entry<S>, dueMs: number, late: boolean): void {
    const nextMs = armed.nextMs();
    this.#teller.due(slot, { due: at(dueMs), late, ...(nextMs === undefined ? {} : { next: at(nextMs) }) }, cron);
  }

  #tellNext(slot: S, nextMs: number | undefined): void {
    if (nextMs !== undefined && this.#teller.known(slot)) this.#teller.next(slot, at(nextMs));
  }
}

/** Why a service is left to people; nothing when it is not. */
function heldBecause(state: HostState, service: string): string | undefined {
  const maintenance = maintenanceOf(state, service);
  if (maintenance) return `it is ${maintenanceInWords(maintenance)}`;
  const isolation = own(state.services, service)?.isolation;
  return isolation && `it was ${isolationInWords(isolation)}`;
}

function keyOf(slot: object): string {
  return Object.values(slot).join("/");
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}
