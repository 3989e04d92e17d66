import { mkdir } from "node:fs/promises";
import { OstlerError } from "@ostler/protocol";
import type { BackupConfig } from "../../config/backups.js";
import { newBackupId } from "../../core/backup/backup-id.js";
import type { Clock } from "../../core/clock.js";
import { bytesOf } from "../../platform/archive/path-bytes.js";
import { literally } from "../../platform/archive/path-glob.js";
import { seenFrom } from "../../platform/archive/seen-from.js";
import { resticPattern } from "../../platform/restic/pattern.js";
import { resticTroubleOf } from "../../platform/restic/trouble.js";
import type { Doing, Made } from "./engine.js";
import { leftOutOf } from "./left-out.js";
import type { OwnDirectory } from "./refuse-own.js";
import { ResticFlaws } from "./restic-flaws.js";
import { summarising } from "./restic-progress.js";
import { selectionOf } from "./restic-selection.js";
import { ourSnapshots, type OurSnapshot, type SnapshotsDeps } from "./restic-snapshots.js";
import { flawedTag, tagsOf } from "./restic-tags.js";

export type ResticCreateDeps = SnapshotsDeps & {
  clock: Clock;
  /** Of a set of which nothing is there, this empty directory is backed up: restic makes no snapshot of nothing. */
  nothing: string;
  ownDirectories: () => readonly OwnDirectory[];
};

/** restic's exit code for a snapshot that lacks what could not be read. */
const partial = 3;

/** Makes a snapshot of what is there of a set; the repository, too, where the set says so. */
export async function createSnapshot(
  set: BackupConfig,
  note: string | undefined,
  deps: ResticCreateDeps,
  { signal, progress }: Doing,
): Promise<Made> {
  const { service, clock, host, nothing, notes, run } = deps;
  const { paths, links } = await selectionOf(set);
  const isNothing = paths.length === 0;
  if (isNothing) await mkdir(nothing, { recursive: true, mode: 0o700 });
  const before = await snapshotsOrInit(set.restic?.init === true, deps, signal);
  const isTaken = (id: string): boolean => before.some((one) => one.id === id);
  const id = newBackupId({ service, name: set.name, timeMs: clock.now() }, isTaken);
  const about = { id, service, name: set.name, mode: set.mode, isNothing };
  const tags = tagsOf({ ...about, ...(note === undefined ? {} : { note }) });
  const fixed = ["backup", "--json", "--host", host, "--files-from-raw", "-", "--tag", tags.join(",")];
  const exclude = [...set.exclude, ...(await ownIn(paths, deps, signal))];
  const flaws = new ResticFlaws(links);
  const output = summarising("archive", progress);
  const call = {
    args: [...fixed, ...exclude.flatMap((glob) => ["--exclude", resticPattern(glob)])],
    input: Buffer.concat((isNothing ? [nothing] : paths).map((path) => bytesOf(`${path}\0`))),
    line: output.hear,
    complaint: (line: string) => flaws.hear(line),
    fine: [0, partial],
  };
  await forgetGone(before, deps);
  await notes.begin(id).catch(() => undefined); // A disk that is full here holds up no backup elsewhere.
  const { code } = await run("make a snapshot", call, signal);
  const made = output.summary();
  if (made?.snapshot_id === undefined)
    throw new OstlerError("failed", `restic has ended with ${code} and told of no snapshot.`);
  const { total_files_processed: files, total_bytes_processed: bytes } = made;
  const storedBytes = made.data_added_packed ?? made.data_added;
  const found = flaws.all(files);
  const isPartial = code === partial || found.vanished.length > 0;
  // restic takes tags before it knows: whoever is killed before this one is set finds the backup begun and not ended.
  if (isPartial) await run("mark a snapshot", { args: ["tag", "--add", flawedTag, made.snapshot_id] }, signal);
  const noted = notes.keep(id, { files, bytes, storedBytes }).then(() => notes.end(id));
  await noted.catch(() => undefined); // It is there. What is not noted is counted anew, and taken for flawed.
  return { id, files, bytes, storedBytes, flaws: found, isPartial };
}

/** What was begun and came to nothing. */
async function forgetGone(there: readonly OurSnapshot[], { service, name, notes }: ResticCreateDeps): Promise<void> {
  const ids = new Set(there.map(({ id }) => id));
  for (const id of await notes.begun()) if (id.startsWith(`${service}.${name}.`) && !ids.has(id)) await notes.end(id);
}

/** Names of files of backups, as globs. */
const ofBackup = ["tar", "json", "sha256"].map((kind) => `*.*.????????T??????Z*.${kind}*`);

/** What is left out of all backups, as globs. */
async function ownIn(
  paths: readonly string[],
  { ownDirectories }: ResticCreateDeps,
  signal: AbortSignal,
): Promise<string[]> {
  const { directories, shelves } = await seenFrom(paths, await leftOutOf(ownDirectories(), signal));
  const named = shelves.flatMap((shelf) => ofBackup.map((glob) => `${literally(shelf)}/${glob}`));
  return [...directories.map(literally), ...named];
}

async function snapshotsOrInit(init: boolean, deps: ResticCreateDeps, signal: AbortSignal): Promise<OurSnapshot[]> {
  try {
    return (await ourSnapshots(deps, signal)).backups;
  } catch (failure) {
    if (!init || resticTroubleOf(failure) !== "no-repository") throw failure;
    await deps.run("make the repository", { args: ["init"] }, signal);
    return [];
  }
}
