import type { Exit, Likely } from "@ostler/protocol";
import { scrub } from "../../config/redact.js";
import type { OomWatch } from "../../platform/oom.js";
import { lastLines, type SpoolRange } from "../../platform/spool.js";
import { likelyReason, saysWhy } from "./cause.js";
import type { Slot } from "./records.js";

export type EvidenceDeps = {
  /** Directory of the spool files. */
  spools: string;
  oom: Pick<OomWatch, "hasKilled">;
  /** Values that must not be shown. */
  secrets: () => readonly string[];
};

/** An end that nobody asked for. */
export type UnexpectedEnd = {
  exit: Exit;
  pid: number;
  uptimeMs: number;
  /** Where its output begins; unknown of a run that an earlier agent has launched. */
  output: SpoolRange | undefined;
};

/** What the host can tell about why a process ended. Fast: a restart waits for it. */
export function findEvidence(
  slot: Slot,
  { exit, pid, uptimeMs, output }: UnexpectedEnd,
  { spools, oom, secrets }: EvidenceDeps,
): { outOfMemory: boolean; likely?: Likely } {
  const outOfMemory = exit.kind === "signal" && exit.signal === "SIGKILL" && oom.hasKilled(pid);
  if (!saysWhy(exit, uptimeMs)) return { outOfMemory };
  const lines = output
    ? [...lastLines(spools, slot, "stdout", output), ...lastLines(spools, slot, "stderr", output)]
    : [];
  const likely = likelyReason(exit, lines);
  if (!likely) return { outOfMemory };
  return { outOfMemory, likely: { ...likely, line: scrub(likely.line, secrets()) } };
}
