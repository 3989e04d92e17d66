import { mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { OstlerError, bytesInWords } from "@ostler/protocol";
import type { BackupHook } from "../../config/backups.js";
import type { Doing, Engine, FoundBackup } from "./engine.js";

export type DrillDeps = {
  /** Where drills take place. */
  directory: string;
  /** So much stays free on the disk of that. */
  minFreeBytes: number;
  /** Runs the set's own check. @throws OstlerError when it fails */
  check: (hook: BackupHook, env: Record<string, string>, cwd: string, signal: AbortSignal) => Promise<string>;
};

/** The check finds the restored files by it. */
const directoryVariable = "OSTLER_DRILL_DIR";

/** Restores a backup into a directory of its own, which compares every file, lets the set's check look at it, and removes it. */
export async function drill(
  engine: Engine,
  { id, size, occupied }: Pick<FoundBackup, "id" | "size" | "occupied">,
  hook: BackupHook | undefined,
  { directory, minFreeBytes, check }: DrillDeps,
  doing: Doing,
): Promise<{ files: number; bytes: number; checked: boolean; output?: string }> {
  const place = join(directory, id);
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true, mode: 0o700 });
  try {
    await refuseWithoutRoom(directory, occupied ?? size ?? 0, minFreeBytes);
    const extracted = await engine.extract(id, place, undefined, doing);
    if (!hook) return { ...extracted, checked: false };
    const output = await check(hook, { [directoryVariable]: place }, hook.cwd ?? place, doing.signal);
    return { ...extracted, checked: true, output };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** What a killed agent has left of drills. */
export async function cleanDrills(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

async function refuseWithoutRoom(directory: string, bytes: number, minFreeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free - minFreeBytes < bytes)
    throw new OstlerError(
      "failed",
      `There is no room for the drill in ${directory}: ${bytesInWords(free)} are free, ${bytesInWords(minFreeBytes)} must stay free (agent.backups.min_free), and the files have ${bytesInWords(bytes)}. Make room there.`,
    );
}
