import type { ChildProcess } from "node:child_process";
import { mountOf } from "../mounts.js";
import { archiveFailure, isOnSecondDisk, type ArchiveJob } from "./job.js";

/** The last program that could not be ended, by the file system it waits for; until it has ended. */
const stuck = new Map<string, { pid: number; sinceMs: number }>();

/** One at a time waits for a second disk that hangs: while it does, nobody else is sent there. @throws OstlerError */
export function refuseStuck(job: ArchiveJob): void {
  const its = isOnSecondDisk(job) ? stuck.get(diskOf(job.to)) : undefined;
  if (!its || !isOnSecondDisk(job)) return;
  const seconds = Math.round((performance.now() - its.sinceMs) / 1000);
  throw archiveFailure(
    "failed",
    `The disk of ${job.to} does not answer: a program that was ended ${seconds} s ago (pid ${its.pid}) still waits for it. Bring the disk back, or unmount it.`,
  );
}

export function markStuck(job: ArchiveJob, child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child;
  if (!isOnSecondDisk(job) || pid === undefined || exitCode !== null || signalCode !== null) return;
  const disk = diskOf(job.to);
  stuck.set(disk, { pid, sinceMs: performance.now() });
  child.once("exit", () => {
    if (stuck.get(disk)?.pid === pid) stuck.delete(disk);
  });
}

/** As far as that can be told without asking it. */
function diskOf(directory: string): string {
  return mountOf(directory) ?? directory;
}
