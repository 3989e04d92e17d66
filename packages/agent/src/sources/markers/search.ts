import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { Pattern } from "../../core/pattern/pattern.js";
import type { SpoolLines } from "../../platform/spool-lines.js";

export type Wanted = {
  match: string;
  withinMs: number;
  /** How long the run runs already. */
  spentMs: number;
  /** Its output; nothing when nobody knows where that begins. */
  open: () => SpoolLines[] | undefined;
};

export type Found =
  | { seen: true; tookMs: number }
  | { seen: false; because: "not-written" | "unreadable"; reason?: string; lastLine?: string };

/** A run that has run for so long is looked at again after a tenth of that, within these bounds. */
const minPauseMs = 25;
const maxPauseMs = 1000;

/**
 * Looks for a line in what a run writes until its time is over. It looks again and again rather than being woken, so a
 * service that writes a lot costs no more than one that writes little. Nothing when the signal aborts.
 */
export async function search(
  { match, withinMs, spentMs, open }: Wanted,
  { clock }: { clock: Clock },
  signal: AbortSignal,
): Promise<Found | undefined> {
  const pattern = Pattern.parse(match, { caseSensitive: true });
  const beganMs = clock.monotonic() - spentMs;
  const spent = (): number => clock.monotonic() - beganMs;
  let spools: SpoolLines[] | undefined;
  let lastLine: string | undefined;
  for (let isOver = false; !isOver;) {
    await clock.sleep(pauseMs(spent(), withinMs), signal);
    if (signal.aborted) return undefined;
    spools ??= open();
    if (!spools) return undefined;
    isOver = spent() >= withinMs; // Asked before reading: what was written in time counts, however late it is read.
    try {
      for (const spool of spools)
        for await (const lines of spool.more(isOver, signal)) {
          if (signal.aborted) return undefined;
          if (lines.some((line) => pattern.test(line))) return { seen: true, tookMs: Math.round(spent()) };
          lastLine = lines.findLast(saysSomething) ?? lastLine;
        }
    } catch (failure) {
      return { seen: false, because: "unreadable", reason: messageOf(failure) };
    }
  }
  return { seen: false, because: "not-written", ...(lastLine === undefined ? {} : { lastLine }) };
}

function pauseMs(spentMs: number, withinMs: number): number {
  const pause = Math.min(maxPauseMs, Math.max(minPauseMs, spentMs / 10));
  return Math.max(0, Math.min(pause, withinMs - spentMs));
}

/** What was given back of a spool to the disk is read as zeros. */
function saysSomething(line: string): boolean {
  return line.replaceAll("\0", "").trim() !== "";
}
