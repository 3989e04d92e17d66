import { mkdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import type { BackupConfig } from "../../config/backups.js";
import { within } from "../../platform/archive/path-glob.js";
import { nodeIn } from "../../platform/restic/messages.js";
import { resticPattern } from "../../platform/restic/pattern.js";
import { resticRepository, type RepositoryDeps } from "../../platform/restic/repository.js";
import type { Doing, Engine, Verified } from "./engine.js";
import { Comparison } from "./restic-comparison.js";
import type { OwnDirectory } from "./refuse-own.js";
import { createSnapshot, type ResticCreateDeps } from "./restic-create.js";
import { ResticNotes } from "./restic-notes.js";
import { checking, summarising } from "./restic-progress.js";
import { freedBytesIn } from "./restic-prune.js";
import { isIn, uppermost } from "./restic-selection.js";
import { countOf, listedBackups, ourSnapshot, ourSnapshots } from "./restic-snapshots.js";

export type ResticEngineDeps = Omit<RepositoryDeps, "cacheDir"> & {
  /** What the agent keeps of restic's repositories, in its data_dir. */
  directory: string;
  ownDirectories: () => readonly OwnDirectory[];
};

/** What everything here needs. */
type Room = ResticCreateDeps & {
  /** What `check` fetches comes here, where it is found again when it was killed. */
  fetched: string;
};

/** Keeps the backups of a set as snapshots in a repository of restic. Those that another host has made in the same repository are left alone, unless its name is in `host`. */
export function resticEngine(service: string, set: BackupConfig, deps: ResticEngineDeps): Engine {
  const { restic } = set;
  if (!restic) throw new OstlerError("internal", `The set ${service}/${set.name} has no repository of restic.`);
  const { directory, clock, ownDirectories } = deps;
  const access = { repository: restic.repository, passwordFile: restic.password_file, env: restic.env };
  const room: Room = {
    ...{ service, name: set.name, host: restic.host ?? hostname(), clock },
    ...resticRepository(access, { ...deps, cacheDir: join(directory, "cache") }),
    notes: new ResticNotes(join(directory, "notes")),
    nothing: join(directory, "nothing"),
    ownDirectories,
    fetched: join(directory, "fetched", `${service}.${set.name}`),
  };
  return {
    kind: "restic",
    create: (note, doing) => createSnapshot(set, note, room, doing),
    list: (signal) => listedBackups(room, signal),
    verify: (id, doing) => verify(id, restic.check_subset, room, doing),
    rootsOf: (id, only, signal) => rootsOf(id, only, room, signal),
    extract: (id, into, only, doing) => extract(id, into, only, room, doing),
    remove: (ids, { signal }) => remove(ids, room, signal),
    clean: async () => {
      await rm(room.fetched, { recursive: true, force: true });
      return []; // Locks that were left are removed when they are in the way.
    },
  };
}

/** Checks how the repository hangs together, and reads one part of all that is in it: the next one each time. */
async function verify(id: string, parts: number, room: Room, { signal, progress }: Doing): Promise<Verified> {
  const { run, notes, fetched } = room;
  const set = `${room.service}.${room.name}`;
  const { files, bytes } = await countOf(await ourSnapshot(id, room, signal), room, signal);
  const part = await notes.part(set, parts);
  await rm(fetched, { recursive: true, force: true });
  await mkdir(fetched, { recursive: true, mode: 0o700 });
  try {
    const args = ["check", `--read-data-subset=${part}/${parts}`];
    await run("check the repository", { args, cacheDir: fetched, line: checking(progress) }, signal);
  } finally {
    await rm(fetched, { recursive: true, force: true });
  }
  await notes.readPart(set, part, parts); // A part that is damaged is read again, until it is whole.
  return { files, bytes, ...(parts === 1 ? { isWhole: true } : { isWhole: false, part: `${part}/${parts}` }) };
}

async function rootsOf(
  id: string,
  only: readonly string[] | undefined,
  room: Room,
  signal: AbortSignal,
): Promise<string[]> {
  const { snapshot, isNothing, isFlawed } = await ourSnapshot(id, room, signal);
  if (isNothing) return [];
  if (!only && !isFlawed) return uppermost(snapshot.paths);
  const isPart = isIn(snapshot.paths); // One of them may have been among what could not be read.
  const isMeant = only ? within(only) : () => true;
  const roots: string[] = [];
  const line = (text: string): void => {
    const path = nodeIn(text)?.path;
    const last = roots.at(-1);
    if (path === undefined || (last !== undefined && path.startsWith(`${last}/`))) return;
    if (!isPart(path) || !isMeant(path)) return;
    roots.push(path);
  };
  await room.run("list the files of a snapshot", { args: ["ls", "--json", snapshot.id], line }, signal);
  return uppermost(roots);
}

/** restic compares what is in the files, and here the rest is compared. */
async function extract(
  id: string,
  into: string,
  only: readonly string[] | undefined,
  room: Room,
  { signal, progress }: Doing,
): Promise<{ files: number; bytes: number }> {
  const { snapshot, isNothing } = await ourSnapshot(id, room, signal);
  if (isNothing) return { files: 0, bytes: 0 };
  const include = (only ?? []).flatMap((glob) => ["--include", resticPattern(glob)]);
  const args = ["restore", snapshot.id, "--json", "--verify", "--target", into, ...include];
  await room.run("restore a snapshot", { args, line: summarising("extract", progress).hear }, signal);
  const comparison = new Comparison(into, only);
  const line = (text: string): void => comparison.hear(text);
  await room.run("list the files of a snapshot", { args: ["ls", "--json", snapshot.id], line }, signal);
  return comparison.finish(id);
}

async function remove(ids: readonly string[], room: Room, signal: AbortSignal): Promise<number> {
  const { backups } = await ourSnapshots(room, signal);
  const snapshots = backups.filter(({ id }) => ids.includes(id)).map(({ snapshot }) => snapshot.id);
  if (snapshots.length === 0) return 0;
  const lines: string[] = [];
  const args = ["forget", "--prune", ...snapshots];
  await room.run("remove snapshots", { args, line: (line) => lines.push(line) }, signal);
  await room.notes.forget(ids);
  return freedBytesIn(lines);
}
