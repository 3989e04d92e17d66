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

/** Undoes what `enter` did, as far as that came, and does nothing where it did nothing. It may be called more than once. */
export type Leave = (record: QuiesceRecord, signal: AbortSignal) => Promise<void>;

export type Quiescing = {
  enter: (signal: AbortSignal) => Promise<void>;
  leave: Leave;
  enterMs: number;
  duringMs: number;
  /** Cancels everything but the way back. */
  signal: AbortSignal;
};

/**
 * Brings something to rest, works meanwhile, and brings it back whatever happens: it is written down first, so that the
 * next agent does it after a crash. What does not succeed is tried again until it does. @throws OstlerError
 */
export async function withQuiesced<T>(
  record: QuiesceRecord,
  { enter, leave, enterMs, duringMs, signal }: Quiescing,
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
    return await bounded({ what: `Work while ${record.service} rests`, withinMs: duringMs, signal, clock }, during);
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

/** After a crash: brings back what is at rest, each as long as it takes; ends when all is, or the agent ends. */
export async function recoverQuiesced(leave: Leave, deps: QuiesceDeps): Promise<QuiesceRecord[]> {
  const recovered = (await quiescePaths(deps.directory)).map(async (path) => {
    const record = await readQuiesceRecord(path);
    await bringBack(record, leave, deps);
    return record;
  });
  const outcomes = await Promise.allSettled(recovered);
  const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [messageOf(one.reason)] : []));
  if (failures.length > 0) throw new OstlerError("failed", failures.join(" "));
  return outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
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
async function bringBack(record: QuiesceRecord, leave: Leave, deps: QuiesceDeps): Promise<void> {
  const what = `Bringing back ${record.service}`;
  const bound = { what, withinMs: deps.leaveMs, signal: new AbortController().signal, clock: deps.clock };
  await untilDone(record, () => bounded(bound, (signal) => leave(record, signal)), deps);
  await untilDone(record, () => removeQuiesceRecord(deps.directory, record), deps);
}

/** At least once, also when the agent is ending. */
async function untilDone(record: QuiesceRecord, attempt: () => Promise<void>, deps: QuiesceDeps): Promise<void> {
  const { clock, random, degraded, stop } = deps;
  for (let tries = 1; ; tries++) {
    try {
      await attempt();
      if (tries > 1) degraded(record, undefined);
      return;
    } catch (failure) {
      const reason = `${record.service} could not be brought back after a backup: ${messageOf(failure)}`;
      degraded(record, reason);
      await clock.sleep(fullJitterMs(tries, backoff, random), stop);
      if (stop.aborted)
        throw new OstlerError("interrupted", `${reason} The next agent tries again.`, { cause: failure });
    }
  }
}
