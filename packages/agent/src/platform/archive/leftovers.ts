import { existsSync } from "node:fs";
import { lstat, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@ostler/protocol";
import { archiveFailure, type ArchiveJob } from "./job.js";
import { manifestPath } from "./manifest-file.js";
import { partSuffix } from "./part-file.js";

/** @throws OstlerError when the job would mix with what is there */
export async function requireClear(job: ArchiveJob): Promise<void> {
  if (job.do === "create" && existsSync(manifestPath(job.directory, job.id)))
    throw archiveFailure("failed", `There is a backup ${job.id} in ${job.directory} already.`);
  if (job.do === "extract" && (await readdir(job.into)).length > 0)
    throw archiveFailure("failed", `${job.into} is not empty. Name a directory that is.`);
}

/**
 * Makes the place the job's own, for the only one that works on it: from here on everything that is there may be removed.
 * Of two that make a backup with one id, one is refused: its sign is the part of the manifest, which nobody else makes. @throws OstlerError
 */
export async function takePossession(job: ArchiveJob): Promise<void> {
  await requireClear(job);
  if (job.do !== "create") return;
  const { directory, id } = job;
  try {
    await (await open(`${manifestPath(directory, id)}${partSuffix}`, "wx", 0o600)).close();
  } catch (failure) {
    const isTaken = (failure as NodeJS.ErrnoException).code === "EEXIST";
    const reason = isTaken ? `somebody else is making it` : messageOf(failure);
    throw archiveFailure("failed", `Backup ${id} cannot be made in ${directory}: ${reason}.`, failure);
  }
}

/** Removes what a job has left that failed or was killed: parts, an archive without a manifest, what was extracted. */
export async function removeLeftovers(job: ArchiveJob): Promise<void> {
  switch (job.do) {
    case "create":
      return removeParts(job.directory, job.id);
    case "extract":
      for (const name of await readdir(job.into, { encoding: "buffer" }))
        await rm(Buffer.concat([Buffer.from(`${job.into}/`), name]), { recursive: true, force: true });
      return;
    case "verify":
      return;
    case "copy":
    case "remove-copies":
      return; // The disk may hang: what touches it is done by the program alone, and what a killed one has left by the next.
    default:
      return job satisfies never;
  }
}

/**
 * The part of the manifest goes first: without it whoever still works cannot publish a manifest any more. Only then is it certain
 * whether there is one.
 */
async function removeParts(directory: string, id: string): Promise<void> {
  const manifest = manifestPath(directory, id);
  await rm(`${manifest}${partSuffix}`, { force: true });
  const isBackup = await isThere(manifest);
  for (const name of await readdir(directory))
    if (name.startsWith(`${id}.`) && (!isBackup || name.endsWith(partSuffix)))
      await rm(join(directory, name), { force: true });
}

/** What cannot be looked at is not taken for missing. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw failure;
  }
}
