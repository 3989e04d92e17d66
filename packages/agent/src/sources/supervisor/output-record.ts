import { closeSync, openSync, readdirSync } from "node:fs";
import type { SpoolMark } from "../../platform/spool.js";
import { runPrefix, type Slot } from "./records.js";

/** Remembers for later agents where the output of a run begins: in the name of a file, like all records. */
export function recordOutput(records: string, slot: Slot, run: number, { stdout, stderr }: SpoolMark): void {
  try {
    closeSync(openSync(`${runPrefix(records, slot, run)}.output.${stdout}.${stderr}`, "w", 0o600));
  } catch {
    return; // A later agent will not know what this run wrote from what was there before. This one does.
  }
}

/** Where the output of a run begins; unknown of one whose marker nobody was waiting for when it was launched. */
export function recordedOutput(records: string, { service, process }: Slot, run: number): SpoolMark | undefined {
  const begin = `${service}.${process}.${run}.output.`;
  const name = readdirSync(records).find((one) => one.startsWith(begin));
  const [stdout, stderr] = (name ?? "").slice(begin.length).split(".").map(Number);
  return name === undefined ? undefined : { stdout: stdout ?? 0, stderr: stderr ?? 0 };
}
