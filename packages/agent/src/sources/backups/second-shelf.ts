import type { CopyConfig } from "../../config/backups.js";
import { patiently } from "../../core/patient.js";
import { shelfAt, type ShelvedBackup } from "../../platform/archive/shelf.js";
import { mountOf } from "../../platform/mounts.js";
import type { ArchiveEngineDeps } from "./archive-engine.js";
import type { Doing } from "./engine.js";

/** A second directory that does not answer within this time is passed over, until it is to have a copy. */
const answerMs = 2000;
/** Removing that takes longer is given up. */
const removeMs = 60_000;

/**
 * Copies of the backups of a set in a directory on another disk, which may be away or hang: only copying is held up by that.
 * All but a look, which takes one thread for each mount at most, is done by a program that can be ended.
 */
export type SecondShelf = {
  /** Removes first what a killed one has left there. @throws OstlerError */
  copy: (id: string, doing: Doing) => Promise<{ to: string; bytes: number }>;
  /** Where there is a copy of one of these, by its id. What is damaged, or of another host, is none. */
  copiesOf: (backups: readonly ShelvedBackup[], signal: AbortSignal) => Promise<ReadonlySet<string>>;
  /** Which of these have none yet and can have one: whole ones that people have wanted. None where it does not answer. */
  uncopied: (backups: readonly ShelvedBackup[], signal: AbortSignal) => Promise<string[]>;
  /** Copies that this agent has made of backups of the set that it has no more; never its newest copy, nor any where it has no backup at all. */
  strays: (backups: readonly ShelvedBackup[], signal: AbortSignal) => Promise<ShelvedBackup[]>;
  /** Those of these backups that are there: nothing of other hosts, and nothing where it does not answer. @throws OstlerError */
  remove: (backups: readonly ShelvedBackup[], doing: Doing) => Promise<void>;
};

/** `first` is the directory that is copied; what `isOfSet` is of the set. */
export function secondShelf(
  first: string,
  isOfSet: (id: string) => boolean,
  { dir, must_be_mount: mustBeMount }: CopyConfig,
  { run, agent }: Pick<ArchiveEngineDeps, "run" | "agent">,
): SecondShelf {
  return {
    copy: async (id, doing) => {
      const agentId = agent().id;
      const { bytes } = await run({ do: "copy", directory: first, id, to: dir, mustBeMount, agentId }, doing);
      return { to: dir, bytes };
    },
    copiesOf: async (backups, signal) => {
      const there = new Map((await shelved(dir, signal))?.map((one) => [one.id, one]));
      const isCopied = (one: ShelvedBackup): boolean => {
        const copy = there.get(one.id);
        return copy !== undefined && copy.problem === undefined && isSame(copy, one);
      };
      return new Set(backups.filter(isCopied).map(({ id }) => id));
    },
    uncopied: async (backups, signal) => {
      const copies = await shelved(dir, signal);
      const there = new Map(copies?.map((one) => [one.id, one]));
      const canHave = (one: ShelvedBackup): boolean => {
        if (one.problem !== undefined || one.header?.note !== undefined) return false;
        const copy = there.get(one.id);
        return copy === undefined || (copy.problem !== undefined && isSame(copy, one));
      };
      return copies === undefined ? [] : backups.filter(canHave).map(({ id }) => id);
    },
    strays: async (backups, signal) => {
      const copies = (await shelved(dir, signal)) ?? [];
      const [, ...older] = copies.filter(({ id, header }) => isOfSet(id) && header?.agent.id === agent().id);
      const here = new Set(backups.map(({ id }) => id));
      return here.size === 0 ? [] : older.filter(({ id }) => !here.has(id));
    },
    remove: async (backups, { signal, progress }) => {
      const there = new Map((await shelved(dir, signal))?.map((one) => [one.id, one]));
      const copies = backups.flatMap((one) => {
        const [copy, sha256] = [there.get(one.id), one.header?.archive.sha256];
        return sha256 !== undefined && copy && isSame(copy, one) ? [{ id: one.id, sha256 }] : [];
      });
      if (copies.length === 0) return;
      const within = AbortSignal.any([signal, AbortSignal.timeout(removeMs)]);
      await run({ do: "remove-copies", to: dir, copies }, { progress, signal: within });
    },
  };
}

/** Hosts may share a directory, and their backups may have the same names. */
function isSame({ header: copy }: ShelvedBackup, { header }: ShelvedBackup): boolean {
  return copy !== undefined && copy.archive.sha256 === header?.archive.sha256;
}

/** Nothing where nobody can look: what is not mounted, or hangs, has no copies for now. */
async function shelved(dir: string, signal: AbortSignal): Promise<ShelvedBackup[] | undefined> {
  return look(dir, AbortSignal.any([signal, AbortSignal.timeout(answerMs)])).catch(() => undefined);
}

const look = patiently("backups", (dir) => shelfAt(dir).list(), mountOf);
