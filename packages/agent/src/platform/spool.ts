import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

/** Spool files: what a process writes, in files it appends to by itself, so that nothing blocks or is lost without an agent. */

export type Stream = "stdout" | "stderr";
export const streams: readonly Stream[] = ["stdout", "stderr"];

export function spoolPath(directory: string, service: string, process: string, stream: Stream): string {
  return join(directory, `${service}.${process}.${stream}`);
}

/** Opens the spools of a process for appending. Close them when the process has them. Throws when one cannot be opened. */
export function openSpools(directory: string, service: string, process: string): { stdout: number; stderr: number } {
  const stdout = openOne(directory, spoolPath(directory, service, process, "stdout"));
  try {
    return { stdout, stderr: openOne(directory, spoolPath(directory, service, process, "stderr")) };
  } catch (failure) {
    closeSync(stdout);
    throw failure;
  }
}

function openOne(directory: string, path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return openSync(path, "a", 0o600);
  }
}
