import { notFound } from "@ostler/protocol";
import { compareBackupIds } from "../../core/backup/backup-id.js";
import { nodeIn, snapshotsIn, type ResticSnapshot } from "../../platform/restic/messages.js";
import type { ResticRepository } from "../../platform/restic/repository.js";
import type { FoundBackup } from "./engine.js";
import { SnapshotCount } from "./restic-comparison.js";
import type { KnownOfBackup, ResticNotes } from "./restic-notes.js";
import { backupIn, tagsOfSet, type TaggedBackup } from "./restic-tags.js";

/** The snapshots of a set: whose they are, and where. */
export type SnapshotsDeps = {
  service: string;
  name: string;
  /** Its name in snapshots: those that others have in the same repository are not ours. */
  host: string;
  run: ResticRepository["run"];
  notes: ResticNotes;
};

/** A snapshot that is a backup of the set. */
export type OurSnapshot = TaggedBackup & { snapshot: ResticSnapshot };

/** So many backups of which no note is left have their files counted when they are listed; the others the next time. */
const maxCounted = 10;

/** Newest first. One of which nobody knows whether it is whole counts as flawed. A snapshot that says that it is ours, and has no id, is a problem. */
export async function ourSnapshots(
  { service, name, host, run, notes }: SnapshotsDeps,
  signal: AbortSignal,
): Promise<{ backups: OurSnapshot[]; problems: string[] }> {
  const lines: string[] = [];
  const args = ["snapshots", "--json", "--no-lock", "--host", host, "--tag", tagsOfSet(service, name)];
  await run("list its snapshots", { args, line: (line) => lines.push(line) }, signal);
  const begun = await notes.begun();
  const backups: OurSnapshot[] = [];
  const problems: string[] = [];
  for (const snapshot of snapshotsIn(lines.join("\n"))) {
    const backup = backupIn(snapshot);
    if (backup) backups.push({ ...backup, isFlawed: backup.isFlawed || begun.has(backup.id), snapshot });
    else problems.push(`Snapshot ${snapshot.id.slice(0, 8)} has no tag \`id=\` of ours, and is left alone.`);
  }
  return { backups: backups.sort((a, b) => compareBackupIds(b.id, a.id)), problems };
}

/** @throws OstlerError `not-found` */
export async function ourSnapshot(id: string, deps: SnapshotsDeps, signal: AbortSignal): Promise<OurSnapshot> {
  const { backups } = await ourSnapshots(deps, signal);
  const backup = backups.find((one) => one.id === id);
  if (backup) return backup;
  const known = backups.map((one) => one.id);
  throw notFound(`backup of ${deps.service}/${deps.name}`, id, known);
}

/** How much is in a backup: what was noted when it was made, else counted and noted. */
export async function countOf(
  { snapshot, id, isNothing }: OurSnapshot,
  { run, notes }: SnapshotsDeps,
  signal: AbortSignal,
): Promise<KnownOfBackup> {
  const noted = (await notes.of(id)) ?? (isNothing ? { files: 0, bytes: 0 } : undefined);
  if (noted) return noted;
  const counted = new SnapshotCount();
  const line = (text: string): void => {
    const node = nodeIn(text);
    if (node) counted.take(node);
  };
  await run("list the files of a snapshot", { args: ["ls", "--json", snapshot.id], line }, signal);
  const known = { files: counted.files, bytes: counted.bytes };
  await notes.keep(id, known);
  return known;
}

export async function listedBackups(
  deps: SnapshotsDeps,
  signal: AbortSignal,
): Promise<{ backups: FoundBackup[]; problems: string[] }> {
  const { backups, problems } = await ourSnapshots(deps, signal);
  const found: FoundBackup[] = [];
  let counted = 0;
  for (const one of backups) {
    const noted = (await deps.notes.of(one.id)) ?? ofSummary(one.snapshot);
    const known = noted ?? (counted++ < maxCounted ? await countOf(one, deps, signal) : undefined);
    found.push(foundOf(one, known));
  }
  return { backups: found, problems };
}

function ofSummary({ summary }: ResticSnapshot): KnownOfBackup | undefined {
  if (!summary) return undefined;
  const { total_files_processed: files, total_bytes_processed: bytes, data_added: storedBytes } = summary;
  return { files, bytes, storedBytes };
}

function foundOf(
  { id, service, name, mode, note, isFlawed, isNothing, snapshot }: OurSnapshot,
  known: KnownOfBackup | undefined,
): FoundBackup {
  return {
    ...{ id, service, name, mode, time: new Date(snapshot.time).toISOString(), engine: "restic", encrypted: true },
    paths: isNothing ? [] : snapshot.paths,
    flawed: isFlawed || isNothing || known?.files === 0,
    ...(known ? { files: known.files, size: known.bytes } : {}),
    ...(known?.storedBytes === undefined ? {} : { storedSize: known.storedBytes }),
    ...(note === undefined ? {} : { note }),
  };
}
