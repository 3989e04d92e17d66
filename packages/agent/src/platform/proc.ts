import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

/** What the kernel says about processes, read from /proc: no child process, no cache, microseconds a call. */

/** A process for certain: a pid alone may have been given to another one since. */
export type Identity = { pid: number; startTicks: number };

export type ProcessStat = Identity & {
  parent: number;
  group: number;
  session: number;
  /** Ended, only not collected by its parent yet. */
  ended: boolean;
};

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
export const ticksPerSecond = 100;

/** The kernel's id of this boot; "unknown" where there is no /proc. */
export function bootId(): string {
  return readProc("sys/kernel/random/boot_id")?.trim() ?? "unknown";
}

export function statOf(pid: number): ProcessStat | undefined {
  const text = readStat(pid);
  return text === undefined ? undefined : parseStat(pid, fieldsIn(text));
}

/** The text of a process's stat, or nothing when it is gone. */
export function readStat(pid: number): string | undefined {
  return readSmall(`/proc/${pid}/stat`);
}

/** The fields of a stat from the state on. The name before them may contain anything, so they are counted from its end. */
export function fieldsIn(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export function parseStat(pid: number, fields: readonly string[]): ProcessStat {
  const [state, parent, group, session] = fields;
  return {
    pid,
    startTicks: Number(fields[19]),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    ended: state === "Z" || state === "X",
  };
}

export function isAlive({ pid, startTicks }: Identity): boolean {
  const stat = statOf(pid);
  return stat?.startTicks === startTicks && !stat.ended;
}

/** How long the process with these start ticks has been running. */
export function uptimeMsOf(startTicks: number): number {
  const uptime = Number(readProc("uptime")?.split(" ")[0] ?? 0);
  return Math.max(0, Math.round((uptime - startTicks / ticksPerSecond) * 1000));
}

export function allProcesses(): ProcessStat[] {
  return allPids().flatMap((pid) => statOf(pid) ?? []);
}

export function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => name >= "1" && name < ":")
    .map(Number);
}

/** The value of an environment variable that a process was started with, if it may be read. */
export function startEnvOf(pid: number, variable: string): string | undefined {
  const prefix = `${variable}=`;
  return readProc(`${pid}/environ`)
    ?.split("\0")
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}

const scratch = Buffer.alloc(4096);

/** A file that fits in a page, or nothing. Three system calls: a third of what readFileSync takes. */
function readSmall(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return scratch.toString("latin1", 0, readSync(file, scratch, 0, scratch.length, 0));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A file below /proc, or nothing when the process is gone or belongs to somebody else. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch {
    return undefined;
  }
}
