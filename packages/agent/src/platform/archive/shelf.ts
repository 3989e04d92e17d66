import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, OstlerError } from "@ostler/protocol";
import { compareBackupIds, parseBackupId, type BackupId } from "../../core/backup/backup-id.js";
import type { ManifestHeader } from "../../core/backup/manifest.js";
import { syncDirectory } from "../disk.js";
import { readHeader } from "./read-header.js";
import { occupiedBytes } from "./room.js";
import { manifestName, shelfName, type ShelfName } from "../../core/backup/shelf-names.js";

/** A backup of a directory. What has a `problem` is no good; one without `header` has a manifest that cannot be read. */
export type ShelvedBackup = { id: string; bytes: number; header?: ManifestHeader; problem?: string };

/** The backups in a directory, which need not be there. Only what has a manifest is one; what is none of ours is left alone. */
export type Shelf = {
  directory: string;
  /** Newest first; reads no more than the first line of each manifest. */
  list(): Promise<ShelvedBackup[]>;
  /** Its manifest goes first and for good, so that what is left after a crash is never taken for a backup. */
  remove(id: string): Promise<void>;
  /**
   * Removes what an interrupted writer left of backups that the caller has in hand; returns the names. No writer leaves a manifest
   * without its archive: that one stays, listed with its problem, until somebody or `keep` removes it.
   */
  clean(isInHand: (id: BackupId) => boolean): Promise<string[]>;
  /** What all files of backups occupy, whole or not. */
  bytes(): Promise<number>;
};

export function shelfAt(directory: string): Shelf {
  return {
    directory,
    list: () => listed(directory),
    remove: (id) => removed(directory, id),
    clean: (isInHand) => cleaned(directory, isInHand),
    bytes: () => occupiedBytes(directory),
  };
}

async function listed(directory: string): Promise<ShelvedBackup[]> {
  const names = await namesIn(directory);
  const backups: ShelvedBackup[] = [];
  for (const { id } of names.filter(({ is }) => is === "manifest")) {
    const sizes = await sizesIn(directory, ofBackup(names, id));
    if (sizes.has(manifestName(id))) backups.push({ id, bytes: sum(sizes), ...(await looked(directory, id, sizes)) });
  }
  return backups.toSorted((a, b) => compareBackupIds(b.id, a.id));
}

/** What the manifest says, and whether the archive is there as it says. */
async function looked(
  directory: string,
  id: string,
  sizes: ReadonlyMap<string, number>,
): Promise<Pick<ShelvedBackup, "header" | "problem">> {
  try {
    const header = await readHeader(join(directory, manifestName(id)));
    const { file, bytes } = header.archive;
    const size = sizes.get(file);
    if (header.id !== id) return { problem: `Its manifest is that of ${header.id}.` };
    if (size === undefined) return { header, problem: `Its archive ${file} is missing.` };
    if (size !== bytes) return { header, problem: `Its archive ${file} has ${size} bytes, and should have ${bytes}.` };
    return { header };
  } catch (failure) {
    return { problem: `Its manifest cannot be read: ${messageOf(failure)}` };
  }
}

async function removed(directory: string, id: string): Promise<void> {
  const files = ofBackup(await namesIn(directory), id).map(({ file }) => file);
  if (files.length === 0) throw new OstlerError("not-found", `There is no backup "${id}" in ${directory}.`);
  await rm(join(directory, manifestName(id)), { force: true });
  await syncDirectory(directory);
  await removeFiles(directory, files);
}

async function cleaned(directory: string, isInHand: (id: BackupId) => boolean): Promise<string[]> {
  const names = await namesIn(directory);
  const whole = new Set(names.filter(({ is }) => is === "manifest").map(({ id }) => id));
  const left = names
    .filter(({ id, is }) => is === "part" || !whole.has(id))
    .filter(({ id }) => {
      const parsed = parseBackupId(id);
      return parsed !== undefined && isInHand(parsed);
    })
    .map(({ file }) => file);
  if (left.length > 0) await removeFiles(directory, left);
  return left;
}

async function removeFiles(directory: string, files: readonly string[]): Promise<void> {
  for (const file of files) await rm(join(directory, file), { force: true });
  await syncDirectory(directory);
}

function ofBackup(names: readonly ShelfName[], id: string): ShelfName[] {
  return names.filter((name) => name.id === id);
}

async function namesIn(directory: string): Promise<ShelfName[]> {
  const files = await readdir(directory).catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return []; // Nobody has made a backup yet.
    throw new OstlerError("failed", `Cannot look for backups: ${messageOf(failure)}.`, { cause: failure });
  });
  return files
    .toSorted()
    .map(shelfName)
    .filter((name) => name !== undefined);
}

/** Only regular files: a directory or a pipe of such a name is none of ours. */
async function sizesIn(directory: string, names: readonly ShelfName[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { file } of names) {
    const stats = await lstat(join(directory, file)).catch(() => undefined); // Gone since the directory was read.
    if (stats?.isFile()) sizes.set(file, stats.size);
  }
  return sizes;
}

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}
