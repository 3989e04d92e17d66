import type { Identity, ProcessStat } from "../../../platform/proc.js";

/** What a pid file says, judged without asking anybody: a living process, or why there is none. */

export type PidFile =
  | { is: "running"; identity: Identity }
  | { is: "missing" }
  /** A process that is not there any more, or another one that was given its pid. */
  | { is: "stale"; reason: string }
  | { is: "unusable"; reason: string };

/** What was found where the file should be. `writtenMs`: when it was last written, in milliseconds since 1970. */
export type Found = { text: string; writtenMs: number } | { missing: true } | { unreadable: string };

export type Facts = {
  statOf: (pid: number) => ProcessStat | undefined;
  /** When a process with these start ticks started, in milliseconds since 1970. */
  startedMs: (startTicks: number) => number;
  /** The process that the file was found to name before: whatever its times say, it is the one. */
  known: Identity | undefined;
};

/** A process begins before it writes its pid file; clocks and file systems may disagree about it by this much. */
const slackMs = 2000;

/** The largest pid there can be on Linux. */
const maxPid = 2 ** 22;

/** More than a pid is no pid file. */
const shownText = 20;

export function judgePidFile(path: string, found: Found, { statOf, startedMs, known }: Facts): PidFile {
  if ("missing" in found) return { is: "missing" };
  if ("unreadable" in found) return { is: "unusable", reason: `pid file ${path} cannot be read: ${found.unreadable}` };
  const text = found.text.trim();
  if (text === "") return { is: "unusable", reason: `pid file ${path} is empty` };
  const pid = /^\d{1,7}$/.test(text.split("\n")[0]?.trim() ?? "") ? Number.parseInt(text, 10) : 0;
  if (pid < 1 || pid > maxPid)
    return {
      is: "unusable",
      reason: `pid file ${path} holds ${JSON.stringify(text.slice(0, shownText))}, which is no pid`,
    };
  const stat = statOf(pid);
  if (!stat || stat.ended) return { is: "stale", reason: `pid file ${path} names process ${pid}, which is gone` };
  const identity = { pid, startTicks: stat.startTicks };
  if (known?.pid === pid && known.startTicks === stat.startTicks) return { is: "running", identity };
  if (startedMs(stat.startTicks) <= found.writtenMs + slackMs) return { is: "running", identity };
  return {
    is: "stale",
    reason: `pid file ${path} names process ${pid}, but another program was given that pid after the file was written`,
  };
}
