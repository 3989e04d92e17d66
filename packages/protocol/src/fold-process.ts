import type { EventData } from "./events/index.js";
import type { ProcessType } from "./events/service.js";
import { maxCrashes, type ProcessState } from "./state.js";
import { after } from "./time.js";
import { without } from "./own.js";

/** What events change in the state of one process. */

export function crashed(process: ProcessState, time: string): ProcessState {
  return { ...process, crashes: [...process.crashes, time].slice(-maxCrashes) };
}

/** What an end means for the count of crashes. A process that is to end has crashed only when it ends badly. */
export function countEnd(
  process: ProcessState,
  { cause, expected }: Pick<EventData<"service.exited">, "cause" | "expected">,
  time: string,
): ProcessState {
  if (expected && cause !== "watchdog" && cause !== "overdue") return process;
  const isDone = process.type !== undefined && cause === "clean";
  return isDone ? withoutCrashes(process) : crashed(process, time);
}

/** A daemon's type is not written. A process of another type begins anew, since what it did means something else. */
export function withType(process: ProcessState, type: ProcessType = "daemon"): ProcessState {
  const { type: before = "daemon", ...rest } = process;
  if (before === type) return process;
  delete rest.schedule;
  return type === "daemon" ? rest : { ...rest, type };
}

/** A process that runs, or waits to, when its next time is told goes on with that. */
export function schedule(process: ProcessState, next: string): ProcessState {
  const isBusy = ["running", "stopping", "deferred"].includes(process.phase.name);
  const phase = isBusy ? process.phase : { name: "scheduled" as const };
  return { ...process, phase, schedule: { ...process.schedule, next } };
}

/** A start that fails counts as a crash. */
export function failStart(
  process: ProcessState,
  { kind, reason }: EventData<"service.start-failed">,
  time: string,
): ProcessState {
  return { ...crashed(process, time), startFailure: { at: time, kind, reason } };
}

export function withoutStartFailure(process: ProcessState): ProcessState {
  const { startFailure, ...rest } = process;
  return startFailure ? rest : process;
}

export function withoutCrashes(process: ProcessState): ProcessState {
  const calm = { ...process, crashes: [] };
  delete calm.crashLoop;
  return calm;
}

/** A limit counts only for the run that exceeds it: another one may have begun meanwhile. */
export function exceed(process: ProcessState, data: EventData<"service.limit-exceeded">, time: string): ProcessState {
  const { watch, run, what, child, bound, limit, value, forMs, action } = data;
  const { phase } = process;
  if ((phase.name !== "running" && phase.name !== "stopping") || phase.run !== run) return process;
  const about = { what, ...(child === undefined ? {} : { child }), bound, limit, value };
  const limited = { ...about, since: after(time, -forMs), action };
  return { ...process, exceeded: { ...process.exceeded, [watch]: limited } };
}

export function recover({ exceeded = {}, ...process }: ProcessState, watch: string): ProcessState {
  const rest = without(exceeded, watch);
  return Object.keys(rest).length === 0 ? process : { ...process, exceeded: rest };
}

/** What was seen of another run says nothing of this one. */
export function onlyOfRun(process: ProcessState, run: number): ProcessState {
  const { notified, marker, ...rest } = process;
  const [itsNotified, itsMarker] = [notified, marker].map((seen) => seen?.run === run);
  return { ...rest, ...(itsNotified ? { notified } : {}), ...(itsMarker ? { marker } : {}) };
}

/** Limits are exceeded by a run, and end with it. */
export function withoutLimits(process: ProcessState): ProcessState {
  const { exceeded, ...rest } = process;
  return exceeded ? rest : process;
}
