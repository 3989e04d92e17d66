import { lstat, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { bytesInWords } from "@ostler/protocol";
import { shelfName } from "../../core/backup/shelf-names.js";
import { archiveFailure } from "./job.js";

/** What the backups in a directory may take of its disk. */
export type RoomLimits = {
  /** Of all of them together. */
  maxTotalBytes: number;
  minFreeBytes: number;
};

/** How much more may be written, by what all backups there occupy and what the disk has now. @throws OstlerError `too-large`, `no-space` */
export async function roomIn(directory: string, { maxTotalBytes, minFreeBytes }: RoomLimits): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  const occupied = await occupiedBytes(directory);
  const ofBudget = maxTotalBytes - occupied;
  const ofDisk = bavail * bsize - minFreeBytes;
  if (ofBudget < 0)
    throw archiveFailure(
      "too-large",
      `All backups together may occupy ${bytesInWords(maxTotalBytes)}, and have more: ${bytesInWords(occupied)}. Keep fewer of them (\`keep\`), or raise agent.backups.max_size.`,
    );
  if (ofDisk < 0)
    throw archiveFailure(
      "no-space",
      `${bytesInWords(bavail * bsize)} are free in ${directory}, and ${bytesInWords(minFreeBytes)} must stay free (agent.backups.min_free). Make room there.`,
    );
  return Math.min(ofBudget, ofDisk);
}

/** What all files of backups in a directory have, whole or not; nothing where it is not there. */
export async function occupiedBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const file of await readdir(directory).catch(noneIfMissing)) {
    if (shelfName(file) === undefined) continue;
    const stats = await lstat(join(directory, file)).catch(() => undefined); // Gone since the directory was read.
    if (stats?.isFile()) bytes += stats.size;
  }
  return bytes;
}

function noneIfMissing(failure: unknown): string[] {
  if ((failure as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw failure;
}
