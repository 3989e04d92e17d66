import { mkdir, readdir } from "node:fs/promises";
import type { BackupConfig } from "../../config/backups.js";
import { newBackupId, parseBackupId } from "../../core/backup/backup-id.js";
import type { ManifestHeader } from "../../core/backup/manifest.js";
import type { Clock } from "../../core/clock.js";
import { patiently } from "../../core/patient.js";
import type {
  ArchiveJob,
  ArchiveProgress,
  CreateJob,
  ExtractJob,
  ResultOf,
  VerifyJob,
} from "../../platform/archive/job.js";
import type { Doing, Engine, FoundBackup, Made } from "./engine.js";
import { leftOutOf } from "./left-out.js";
import type { OwnDirectory } from "./refuse-own.js";
import { rootsIn } from "./roots.js";
import { secondShelf, type SecondShelf } from "./second-shelf.js";
import { mountOf } from "../../platform/mounts.js";
import { shelfAt, type ShelvedBackup } from "../../platform/archive/shelf.js";

type Limits = { dir: string; max_size: number; min_free: number };

export type ArchiveEngineDeps = {
  clock: Clock;
  /** Where the archives of all sets are, and how much they may occupy. */
  limits: () => Limits;
  agent: () => ManifestHeader["agent"];
  configHash: () => string;
  ownDirectories: () => readonly OwnDirectory[];
  /** The program that does a job with an archive. */
  run: <J extends ArchiveJob>(
    job: J,
    how: { progress: (told: ArchiveProgress) => void; signal: AbortSignal },
  ) => Promise<ResultOf<J>>;
};

/** Without a backup that tells more, an archive is expected to have this part of the size of its files. */
const usualRatio = 0.5;
/** It may come out larger than the last one by so much. */
const growth = 1.25;
/** So many paths are told of each flaw. */
const maxTold = 20;

/** However many sets look into a directory that hangs, one thread waits for it. */
const look = patiently("backups", (directory) => readdir(directory), mountOf);

/** Keeps the backups of a set as archives in a directory, and copies of them in another. */
export function archiveEngine(service: string, set: BackupConfig, deps: ArchiveEngineDeps): Engine {
  const { clock, limits, run } = deps;
  const directory = limits().dir;
  const shelf = shelfAt(directory);
  const isOurs = (id: { service: string; name: string }): boolean => id.service === service && id.name === set.name;
  const isOfSet = (id: string): boolean => id.startsWith(`${service}.${set.name}.`);
  const ours = async (): Promise<ShelvedBackup[]> => (await shelf.list()).filter(({ id }) => isOfSet(id));
  const second = set.copy_to && secondShelf(directory, isOfSet, set.copy_to, deps);
  const identity = set.encrypt?.identity === undefined ? {} : { identity: set.encrypt.identity };

  const create = async (note: string | undefined, doing: Doing): Promise<Made> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await shelf.clean(isOurs);
    const before = await ours();
    const id = newBackupId({ service, name: set.name, timeMs: clock.now() }, (taken) =>
      before.some((one) => one.id === taken),
    );
    const { max_size: maxTotalBytes, min_free: minFreeBytes } = limits();
    const job: CreateJob = {
      ...{ do: "create", directory, id, paths: set.paths, exclude: set.exclude, required: set.required },
      leftOut: await leftOutOf(deps.ownDirectories(), doing.signal),
      compression: set.compress,
      recipients: set.encrypt?.recipients ?? [],
      header: {
        ...{ service, name: set.name, mode: set.mode, agent: deps.agent(), configHash: deps.configHash() },
        ...(note === undefined ? {} : { note }),
      },
      ...{ limits: { maxTotalBytes, minFreeBytes }, expectedRatio: ratioOf(before) },
    };
    const { files, bytes, archiveBytes, changed, vanished, skipped, isEmpty } = await run(job, doing);
    return {
      ...{ id, files, bytes, storedBytes: archiveBytes },
      isPartial: changed.length > 0 || vanished.length > 0,
      flaws: {
        isEmpty,
        ...{ changed: changed.slice(0, maxTold), vanished: vanished.slice(0, maxTold) },
        skipped: skipped.slice(0, maxTold).map(({ path, reason }) => `${path}: ${reason}`),
      },
    };
  };

  return {
    kind: "archive",
    create,
    ...(second ? copying(service, set.name, second, ours) : {}),
    list: async (signal) => {
      const backups = await ours();
      const copied = await second?.copiesOf(backups, signal);
      const found = backups.map((one) => ({
        ...foundOf(service, set.name, one),
        ...(set.copy_to && copied?.has(one.id) ? { copiedTo: set.copy_to.dir } : {}),
      }));
      return { backups: found, problems: [] };
    },
    verify: async (id, doing) => {
      const { files, bytes, scope } = await run<VerifyJob>({ do: "verify", directory, id, ...identity }, doing);
      return { files, bytes, isWhole: scope === "content" };
    },
    rootsOf: (id, only) => rootsIn(directory, id, only),
    extract: async (id, into, only, doing) => {
      const job: ExtractJob = { do: "extract", directory, id, into, ...identity, ...(only ? { only: [...only] } : {}) };
      return run(job, doing);
    },
    remove: async (ids, doing) => {
      const before = await shelf.bytes();
      const removed = (await ours()).filter(({ id }) => ids.includes(id));
      for (const id of ids) await shelf.remove(id);
      await second?.remove(removed, doing).catch(() => undefined); // What stays is a stray now: its removal tells.
      return Math.max(0, before - (await shelf.bytes()));
    },
    clean: async (signal) => {
      await look(directory, signal);
      return shelf.clean((id) => isOurs(id) && !signal.aborted); // What begins later may have parts there, too.
    },
  };
}

/** What an engine can do that has a second directory; `ours` is what the first one has. */
function copying(
  service: string,
  name: string,
  second: SecondShelf,
  ours: () => Promise<ShelvedBackup[]>,
): Pick<Engine, "copy" | "uncopied" | "removeStrays"> {
  return {
    copy: (id, doing) => second.copy(id, doing),
    uncopied: async (signal) => second.uncopied(await ours(), signal),
    removeStrays: async (chosen, doing) => {
      const strays = await second.strays(await ours(), doing.signal);
      const toGo = new Set(chosen(strays.map((one) => foundOf(service, name, one))));
      await second.remove(
        strays.filter(({ id }) => toGo.has(id)),
        doing,
      );
    },
  };
}

function foundOf(service: string, name: string, { id, bytes, header, problem }: ShelvedBackup): FoundBackup {
  const about = { id, service, name, engine: "archive" as const, storedSize: bytes };
  const why = problem === undefined ? {} : { problem };
  if (!header) {
    const time = new Date(parseBackupId(id)?.timeMs ?? 0).toISOString();
    return { ...about, ...why, time, encrypted: false, flawed: false, unreadable: true };
  }
  const { time, mode, paths, totals, archive, changed, vanished, note } = header;
  return {
    ...{
      ...about,
      ...why,
      time,
      mode,
      paths,
      files: totals.files + totals.links,
      size: totals.bytes,
      ...(totals.occupied === undefined ? {} : { occupied: totals.occupied }),
      encrypted: archive.encrypted,
    },
    flawed: totals.files === 0 || changed.length > 0 || vanished.length > 0,
    ...(note === undefined ? {} : { note }),
  };
}

/** What the last whole one had, and something more. */
function ratioOf(backups: readonly ShelvedBackup[]): number {
  const last = backups.find(
    ({ header, problem }) => header && header.totals.bytes > 0 && problem === undefined,
  )?.header;
  return last ? Math.min(1, (last.archive.bytes / last.totals.bytes) * growth) : usualRatio;
}
