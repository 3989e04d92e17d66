import { open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { parseBackupId } from "../../core/backup/backup-id.js";
import type { ManifestHeader } from "../../core/backup/manifest.js";
import { manifestName, partName, shelfName } from "../../core/backup/shelf-names.js";
import { syncDirectory } from "../disk.js";
import { archiveFailure } from "./job.js";
import { readHeader } from "./read-header.js";

/*
 * Hosts may share a directory of copies. Invariant: what is there of a copy that is not whole has the manifest beside it as a
 * part, from before its first file until after its last one; so that it is always known whose it is.
 */

/** By the manifest of a copy: is it this host's own? */
export type IsOurs = (header: ManifestHeader) => boolean;

/** A manifest whose beginning is not there after this time is nobody's any more: it is the first thing that is written. */
const tornMs = 60 * 60 * 1000;

/** Takes the place of a copy for its only writer, by its manifest. @throws OstlerError when somebody else has it */
export async function takePlace(
  directory: string,
  id: string,
  writeManifest: (into: FileHandle) => Promise<unknown>,
): Promise<void> {
  const file = await open(markOf(directory, id), "wx", 0o600).catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code !== "EEXIST") throw failure;
    throw archiveFailure(
      "failed",
      `another host copies a backup ${id} to ${directory}. Give each host a directory of its own.`,
    );
  });
  try {
    await writeManifest(file);
    await file.sync();
    await syncDirectory(directory);
  } catch (failure) {
    await rm(markOf(directory, id), { force: true });
    throw failure;
  } finally {
    await file.close();
  }
}

/** Everything of the copy is on the disk: from here on it is one. */
export async function publishCopy(directory: string, id: string): Promise<void> {
  await syncDirectory(directory);
  await rename(markOf(directory, id), join(directory, manifestName(id)));
  await syncDirectory(directory);
}

/** Removes a whole copy. */
export async function removeCopy(directory: string, id: string): Promise<void> {
  await rename(join(directory, manifestName(id)), markOf(directory, id));
  await syncDirectory(directory);
  await removeUnfinished(directory, id);
}

/** Removes what is there of a copy whose place is ours. */
export async function removeUnfinished(directory: string, id: string): Promise<void> {
  const names = (await readdir(directory)).map(shelfName).filter((name) => name !== undefined);
  const isTaken = names.some((name) => name.id === id && name.is === "manifest"); // Another host has come first, with one of this name.
  const mark = partName(manifestName(id));
  for (const { file, is, id: its } of names)
    if (its === id && file !== mark && (is === "part" || !isTaken)) await rm(join(directory, file), { force: true });
  await syncDirectory(directory);
  await rm(join(directory, mark), { force: true });
}

/** Removes what one that was killed has left of our copies of a set, while nobody else of this host works on them. */
export async function removeKilled(
  directory: string,
  set: { service: string; name: string },
  isOurs: IsOurs,
): Promise<void> {
  for (const file of await readdir(directory)) {
    const name = shelfName(file);
    if (name === undefined || file !== partName(manifestName(name.id))) continue;
    const id = parseBackupId(name.id);
    if (id?.service !== set.service || id.name !== set.name) continue;
    if (await isKilled(directory, name.id, isOurs)) await removeUnfinished(directory, name.id);
  }
}

async function isKilled(directory: string, id: string, isOurs: IsOurs): Promise<boolean> {
  try {
    return isOurs(await readHeader(markOf(directory, id)));
  } catch {
    // Torn, or empty: its writer was killed, or has just begun.
    const { mtimeMs } = await stat(markOf(directory, id));
    return Date.now() - mtimeMs > tornMs;
  }
}

const markOf = (directory: string, id: string): string => join(directory, partName(manifestName(id)));
