import type { CopyConfig } from "../../config/backups.js";
import { backupIdOf, type BackupId } from "../../core/backup/backup-id.js";
import { patiently } from "../../core/patient.js";
import { mountOf } from "../../platform/mounts.js";
import { copyBackup } from "./copy-backup.js";
import type { Doing } from "./engine.js";
import { refuseUnmounted } from "./refuse-unmounted.js";
import { shelfAt, type ShelvedBackup } from "./shelf.js";

/** A second directory that does not answer within this time is passed over, until it is to have a copy. */
const answerMs = 2000;

/** Copies of the backups of a set in a directory on another disk, which may be away or hang: only copying is held up by that. */
export type SecondShelf = {
  /** Removes first what a killed agent has left of the backups `isInHand`. @throws OstlerError */
  copy: (id: string, isInHand: (id: BackupId) => boolean, doing: Doing) => Promise<{ to: string; bytes: number }>;
  /** Where there is a copy of one of these, by its id. What is damaged, or of another host, is none. */
  copiesOf: (backups: readonly ShelvedBackup[], signal: AbortSignal) => Promise<ReadonlySet<string>>;
  /** With what was left of them. */
  remove: (ids: readonly string[], signal: AbortSignal) => Promise<void>;
  /** Returns the names of what it has removed. */
  clean: (isInHand: (id: BackupId) => boolean) => Promise<string[]>;
};

/** `first` is the directory that is copied. */
export function secondShelf(first: string, { dir, must_be_mount: mustBeMount }: CopyConfig): SecondShelf {
  const shelf = shelfAt(dir);
  const clean: SecondShelf["clean"] = async (isInHand) => {
    const isAway = !(await shelved(dir)) || (mustBeMount && !(await isMounted(dir, first)));
    return isAway ? [] : shelf.clean(isInHand);
  };
  return {
    copy: async (id, isInHand, { progress, signal }) => {
      await clean(isInHand).catch(() => undefined); // What is wrong there is told by the copy.
      const told = (done: { bytes: number; totalBytes: number }): void =>
        progress({ phase: "copy", ...done, files: 0, totalFiles: 0 });
      const bytes = await copyBackup(first, id, dir, { mustBeMount, progress: told, signal });
      return { to: dir, bytes };
    },
    copiesOf: async (backups, signal) => {
      const there = new Map((await shelved(dir, signal))?.map((one) => [one.id, one]));
      const isCopied = ({ id, header }: ShelvedBackup): boolean => {
        const copy = there.get(id);
        return (
          copy?.header !== undefined &&
          copy.problem === undefined &&
          copy.header.archive.sha256 === header?.archive.sha256
        );
      };
      return new Set(backups.filter(isCopied).map(({ id }) => id));
    },
    remove: async (ids, signal) => {
      const there = new Set((await shelved(dir, signal))?.map(({ id }) => id));
      for (const id of ids) if (there.has(id)) await shelf.remove(id);
      await clean((id) => ids.includes(backupIdOf(id)));
    },
    clean,
  };
}

function isMounted(dir: string, first: string): Promise<boolean> {
  return refuseUnmounted(dir, first).then(
    () => true,
    () => false,
  );
}

/** Nothing where nobody can look: what is not mounted, or hangs, has no copies for now. */
async function shelved(dir: string, signal?: AbortSignal): Promise<ShelvedBackup[] | undefined> {
  const deadline = AbortSignal.timeout(answerMs);
  return look(dir, signal ? AbortSignal.any([signal, deadline]) : deadline).catch(() => undefined);
}

const look = patiently("backups", (dir) => shelfAt(dir).list(), mountOf);
