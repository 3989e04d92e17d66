import { baseName, type Awaited } from "@ostler/protocol";
import { newStop } from "../../core/stop.js";
import type { SupervisedProcess } from "./process.js";

/** Several processes of one service together: which waits for which, and who has to go first. */

type One = Pick<SupervisedProcess, "slot" | "config" | "phase">;

/** Those that come after a process, whatever it is that they wait for. */
export function dependentsOf<T extends One>(one: One, all: readonly T[]): T[] {
  const base = baseName(one.slot.process);
  return all.filter(({ config }) => config.after?.some(({ process }) => process === base));
}

/** Those that a process waits for. */
export function awaitedBy<T extends One>({ config }: One, all: readonly T[]): T[] {
  return all.filter(({ slot }) => config.after?.some(({ process }) => process === baseName(slot.process)));
}

/** What a process has still to wait for. `isReady` is asked of processes that run. */
export function awaitsOf(one: One, all: readonly One[], isReady: (one: One) => boolean): readonly Awaited[] {
  const has = (other: One, { until }: Awaited): boolean => {
    if (until === "completed") return other.phase === "completed";
    return other.phase === "running" && (until === "started" || isReady(other));
  };
  const { after = [] } = one.config;
  return after.filter((awaited) =>
    all.some((other) => baseName(other.slot.process) === awaited.process && !has(other, awaited)),
  );
}

/** Those that a start by name means: also what they wait for and nobody would start. */
export function withAwaited<T extends One & { isWanted: boolean }>(named: readonly T[], all: readonly T[]): T[] {
  const wanted = new Set(named);
  for (const one of wanted)
    for (const other of awaitedBy(one, all)) if (!other.isWanted && other.phase !== "completed") wanted.add(other);
  return [...wanted];
}

/**
 * Acts on all at the same time, but on each only after those that `before` names; a failure there holds nobody up.
 * Of several failures the first is told.
 */
export async function inOrder<T>(
  things: readonly T[],
  before: (thing: T) => readonly T[],
  act: (thing: T) => Promise<void>,
): Promise<void> {
  const acts = new Map<T, Promise<void>>();
  const begin = (thing: T): Promise<void> => {
    const begun = acts.get(thing);
    if (begun) return begun;
    const first = before(thing).filter((other) => things.includes(other));
    const done = first.length === 0 ? act(thing) : Promise.allSettled(first.map(begin)).then(() => act(thing));
    acts.set(thing, done);
    return done;
  };
  await each(things, begin);
}

/** Each after those that come after it. Who does not run is stopped at once, lest it start meanwhile. */
export async function stopInOrder(
  processes: readonly SupervisedProcess[],
  signal: AbortSignal,
  stopped: (process: SupervisedProcess) => void = () => {},
): Promise<void> {
  for (const process of processes) process.intendStop();
  await inOrder(
    processes,
    (one) => dependentsOf(one, processes),
    async (one) => {
      await one.stop(signal);
      stopped(one);
    },
  );
}

/** Waits until all run. Who waits for one that cannot run cannot run either, and is not waited for. */
export async function startTogether(
  processes: readonly SupervisedProcess[],
  start: (one: SupervisedProcess, patience: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const patience = newStop();
  const starts = new Map(
    processes.map((one) => [one, start(one, AbortSignal.any([signal, patience.signal]))] as const),
  );
  try {
    await each(processes, async (one) => {
      const awaited = awaitedBy(one, processes).map((other) => starts.get(other));
      await Promise.all([starts.get(one), ...awaited]);
    });
  } finally {
    patience.abort();
  }
}

/** All at the same time, each to its end; of several failures the first is told. */
export async function each<T>(things: readonly T[], act: (thing: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(things.map(act));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
