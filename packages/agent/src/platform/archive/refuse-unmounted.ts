import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { mountOf } from "../mounts.js";

/** Refuses a directory on the disk of another one, as it is where nothing is mounted that should be. @throws OstlerError `wrong-state` */
export async function refuseUnmounted(directory: string, other: string): Promise<void> {
  const existing = await existingPart(directory);
  const isOnRoot = mountOf(existing) === undefined;
  if (!isOnRoot && (await stat(existing)).dev !== (await stat(other)).dev) return;
  const why = isOnRoot ? `Nothing is mounted at ${directory} or above it` : `${directory} is on the disk of ${other}`;
  throw new OstlerError(
    "wrong-state",
    `${why}: a copy there would go down with what it is to outlive. Mount the disk, or set \`must_be_mount: false\`.`,
  );
}

/** The directory, or the nearest one above it that is there, with its links followed. */
async function existingPart(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT" || path === dirname(path)) throw failure;
    return existingPart(dirname(path));
  }
}
