import { existsSync } from "node:fs";
import { fullJitterMs, messageOf, OstlerError } from "@ostler/protocol";
import { bounded } from "../../core/bounded.js";
import type { Clock } from "../../core/clock.js";
import {
  quiescePath,
  quiescePaths,
  readQuiesceRecord,
  removeQuiesceRecord,
  writeQuiesceRecord,
  type QuiesceRecord,
} from "./quiesce-record.js";

export type QuiesceDeps = {
  /** Where what is at rest is written down. */
  directory: string;
  clock: Clock;
  random: () => number;
  /** Told while a service cannot be brought back, with the reason, and without one when it is. */
  degraded: (of: Pick<QuiesceRecord, "service" | "name">, reason: string | undefined) => void;
  /** When the agent ends, what could not be brought back is left to the next one. */
  stop: AbortSignal;
  leaveMs: number;
};

/** Hears what was undone, and what of the record that leaves: nothing is undone again when the rest of it has to be tried again. */
export type Undone = (what: readonly string[], left: Partial<QuiesceRecord>) => void;

/** Undoes what `enter` did, as far as that came, and does nothing where it did nothing. It may be called more than once. */
export type Leave = (record: QuiesceRecord, undone: Undone, signal: AbortSignal) => Promise<void>;

export type Quiescing = {
  enter: (signal: AbortSignal) => Promise<void>;
  leave: Leave;
  enterMs: number;
  duringMs: number;
  /** The work is waited for, however long it takes to end when it is told to: nobody may come between. */
  isAwaited?: boolean;
  /** Cancels everything but the way back. */
  signal: AbortSignal;
};

/**
 * Brings something to rest, works meanwhile, and brings it back whatever happens: it is written down first, so that the
 * next agent does it after a crash. What does not succeed is tried again until it does. @throws OstlerError
 */
export async function withQuiesced<T>(
  record: QuiesceRecord,
  { enter, leave, enterMs, duringMs, signal, isAwaited = false }: Quiescing,
  during: (signal: AbortSignal) => Promise<T>,
  deps: QuiesceDeps,
): Promise<T> {
  const { directory, clock } = deps;
  if (signal.aborted) throw new OstlerError("cancelled", `Bringing ${record.service} to rest was cancelled.`);
  if (existsSync(quiescePath(directory, record)))
    throw new OstlerError(
      "wrong-state",
      `${record.service} is at rest for ${record.name} already, or has to be brought back first.`,
    );
  await begin(record, directory);
  try {
    await bounded({ what: `Bringing ${record.service} to rest`, withinMs: enterMs, signal, clock }, enter);
    const grace = isAwaited ? { graceMs: Infinity } : {};
    const bound = { what: `Work while ${record.service} rests`, withinMs: duringMs, signal, clock, ...grace };
    return await bounded(bound, during);
  } finally {
    await soon(bringBack(record, leave, deps), record, deps);
  }
}

/** What cannot be brought back is told, and tried on; whoever waits does so no longer. */
async function soon(back: Promise<void>, { service }: QuiesceRecord, { clock, stop }: QuiesceDeps): Promise<void> {
  let cancel = (): void => {};
  const late = new Promise<"late">((resolve) => (cancel = clock.after(waitMs, () => resolve("late"))));
  const first = await Promise.race([back, late]).finally(cancel);
  if (first !== "late" || stop.aborted) return back;
  back.catch(() => undefined); // It was told to be degraded.
  throw new OstlerError("failed", `${service} could not be brought back yet; that is tried until it succeeds.`);
}

/** Something that a killed agent has left at rest. */
export type Recovery = {
  record: QuiesceRecord;
  /** Resolves when it was tried once, with what that has undone. */
  tried: Promise<string[]>;
  /** Settles when it is back, or the agent ends before. */
  ended: Promise<unknown>;
};

/** After a crash: begins to bring back what is at rest, each by itself and as long as it takes. */
export async function recoverQuiesced(
  leave: Leave,
  deps: QuiesceDeps,
): Promise<{ recoveries: Recovery[]; problems: string[] }> {
  const recoveries: Recovery[] = [];
  const problems: string[] = [];
  for (const path of await quiescePaths(deps.directory)) {
    try {
      recoveries.push(recovering(await readQuiesceRecord(path), leave, deps));
    } catch (failure) {
      problems.push(messageOf(failure));
    }
  }
  return { recoveries, problems };
}

function recovering(record: QuiesceRecord, leave: Leave, deps: QuiesceDeps): Recovery {
  const undone: string[] = [];
  let failedOnce = (): void => {};
  const failed = new Promise<void>((resolve) => (failedOnce = resolve));
  const degraded: QuiesceDeps["degraded"] = (of, reason) => {
    deps.degraded(of, reason);
    failedOnce();
  };
  const back = bringBack(record, leave, { ...deps, degraded }, undone);
  const ended = back.catch(() => undefined); // It was told to be degraded, and is for the next agent.
  return { record, ended, tried: Promise.race([ended, failed]).then(() => [...undone]) };
}

/** What cannot be written down is not begun. */
async function begin(record: QuiesceRecord, directory: string): Promise<void> {
  try {
    await writeQuiesceRecord(directory, record);
  } catch (cause) {
    await removeQuiesceRecord(directory, record).catch(() => undefined); // Nothing is at rest: bringing it back does nothing.
    throw new OstlerError(
      "failed",
      `${record.service} is not brought to rest, since that cannot be written down in ${directory}: ${messageOf(cause)}.`,
      { cause },
    );
  }
}

/** So long whoever has asked waits until everything is back. */
const waitMs = 60_000;

const backoff = { initialMs: 1000, maxMs: 60_000 };

/** The record goes last: who is brought back twice has lost nothing, who is not brought back has. @throws OstlerError `interrupted` */
async function bringBack(record: QuiesceRecord, leave: Leave, deps: QuiesceDeps, undone: string[] = []): Promise<void> {
  const { directory, clock, leaveMs } = deps;
  const bound = {
    ...{ what: `Bringing back ${record.service}`, withinMs: leaveMs, clock },
    signal: new AbortController().signal,
  };
  let left = record;
  const note: Undone = (what, change) => {
    undone.push(...what);
    left = { ...left, ...change };
  };
  const attempt = async (): Promise<void> => {
    const before = left;
    try {
      await bounded(bound, (signal) => leave(left, note, signal));
    } catch (failure) {
      if (left !== before) await writeQuiesceRecord(directory, left).catch(() => undefined); // The next agent does it once more.
      throw failure;
    }
  };
  await untilDone(record, attempt, deps);
  await untilDone(record, () => removeQuiesceRecord(directory, record), deps);
}

/** At least once, also when the agent is ending. */
async function untilDone(record: QuiesceRecord, attempt: () => Promise<void>, deps: QuiesceDeps): Promise<void> {
  const { clock, random, degraded, stop, directory } = deps;
  for (let tries = 1; ; tries++) {
    try {
      await attempt();
      if (tries > 1) degraded(record, undefined);
      return;
    } catch (failure) {
      const reason = `${record.service} could not be brought back to where it was before a backup (${quiescePath(directory, record)}): ${messageOf(failure)}`;
      degraded(record, reason);
      await clock.sleep(fullJitterMs(tries, backoff, random), stop);
      if (stop.aborted)
        throw new OstlerError("interrupted", `${reason} The next agent tries again.`, { cause: failure });
    }
  }
}
