import { readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readProc } from "./proc.js";

/**
 * Where the core of a process is that has just dumped one: the file, or the program to which the kernel hands cores
 * (`coredumpctl` finds those of systemd). Nothing when no file of it can be found. `pattern` is /proc/sys/kernel/core_pattern.
 */
export function coreOf(
  { pid, cwd, endedMs }: { pid: number; cwd: string; endedMs: number },
  pattern = readProc("sys/kernel/core_pattern")?.trim() ?? "core",
): string | undefined {
  if (pattern.startsWith("|")) return pattern.slice(1).split(" ")[0];
  const directory = dirname(resolve(cwd, pattern));
  const fixed = pattern.slice(pattern.lastIndexOf("/") + 1).split("%")[0] ?? "";
  try {
    return readdirSync(directory)
      .filter((name) => name.startsWith(fixed) && (name === fixed || name.includes(String(pid))))
      .map((name) => join(directory, name))
      .find((path) => isRecent(path, endedMs));
  } catch {
    return undefined; // No such directory: then there is no core either.
  }
}

/** An older file is the core of somebody else. */
const recentMs = 60_000;

function isRecent(path: string, endedMs: number): boolean {
  const { mtimeMs } = statSync(path);
  return Math.abs(endedMs - mtimeMs) < recentMs;
}
