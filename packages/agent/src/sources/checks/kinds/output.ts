import { statSync } from "node:fs";
import { durationInWords, messageOf } from "@ostler/protocol";
import type { OutputCheck } from "../../../config/checks/output.js";
import { Pattern } from "../../../core/pattern/pattern.js";
import { readJournal } from "../../../platform/journalctl.js";
import { SpoolLines } from "../../../platform/spool-lines.js";
import { failed, passed, undecided, type Probe, type Verdict } from "../verdict.js";

/** Where the lines are: spool files of the processes, or the journal of a unit. */
export type Output = { paths: string[] } | { unit: string };

/** Of a unit that says more, only the last lines are looked at. */
const maxJournalLines = 10_000;

export type OutputHands = { monotonicMs: () => number; runAgeMs: () => number };

/**
 * Passes while a line that counts is not older than it may be. It looks at what is written from its begin on. After a start it waits
 * for the first such line; of a run that is older nothing bad is thought for as long as a line may be old.
 */
export function outputProbe({ match = "", newer_than }: OutputCheck, output: Output, hands: OutputHands): Probe {
  const { monotonicMs: nowMs, runAgeMs } = hands;
  const pattern = Pattern.parse(match, { caseSensitive: true });
  const look = "unit" in output ? journalLook(output.unit) : spoolLook(output.paths);
  let begunMs: number | undefined;
  let seenMs: number | undefined;
  const ask = async (signal: AbortSignal): Promise<Verdict> => {
    if (begunMs === undefined && runAgeMs() >= newer_than) seenMs = nowMs();
    begunMs ??= nowMs();
    const sinceMs = seenMs ?? begunMs;
    try {
      for await (const { lines, ageMs } of look(nowMs() - sinceMs, signal)) {
        if (lines.some((line) => pattern.test(line))) seenMs = Math.max(sinceMs, nowMs() - ageMs);
      }
    } catch (failure) {
      return failed(`its output could not be read: ${messageOf(failure)}`);
    }
    const silentMs = nowMs() - (seenMs ?? begunMs);
    const what = match === "" ? "nothing was written" : `no line matched "${match}"`;
    if (silentMs > newer_than)
      return failed(`${what} for ${durationInWords(silentMs)}, longer than ${durationInWords(newer_than)}`);
    return seenMs === undefined ? undecided(`${what} yet`) : passed;
  };
  // One look at a time: each goes on where the one before has ended.
  let turn: Promise<unknown> = Promise.resolve();
  return (signal) => {
    const answer = turn.then(() => ask(signal));
    turn = answer;
    return answer;
  };
}

/** The lines that have come since the last look, at the first look none, and how old they are. */
type Look = (sinceMs: number, signal: AbortSignal) => AsyncIterable<{ lines: string[]; ageMs: number }>;

function spoolLook(paths: readonly string[]): Look {
  const spools = paths.map((path) => new SpoolLines(path, sizeOf(path)));
  return async function* (_, signal) {
    for (const spool of spools) for await (const lines of spool.more(false, signal)) yield { lines, ageMs: 0 };
  };
}

function journalLook(unit: string): Look {
  return async function* (sinceMs, signal) {
    const seconds = Math.max(1, Math.ceil(sinceMs / 1000));
    const args = [`--unit=${unit}`, `--since=-${seconds}s`, `--lines=${maxJournalLines}`];
    for await (const { MESSAGE: message = "", __REALTIME_TIMESTAMP: micros } of readJournal(args, signal))
      yield { lines: message.split("\n"), ageMs: Math.max(0, Date.now() - Number(micros) / 1000) };
  };
}

/** A file that is not there yet begins with its beginning. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
