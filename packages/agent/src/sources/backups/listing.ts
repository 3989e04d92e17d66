import { messageOf, notFound, OstlerError, own, type BackupState, type ListedBackup } from "@ostler/protocol";
import type { KeepConfig } from "../../config/backups.js";
import { compareBackupIds } from "../../core/backup/backup-id.js";
import { keptBy, type Kept } from "../../core/backup/keep.js";
import type { Engine, FoundBackup } from "./engine.js";

export type Listing = { backups: ListedBackup[]; problems: string[] };

/** The backups of a set with what events have told of them. What cannot be looked at is a problem, and hides no other set. */
export async function listedBy(
  engine: Engine,
  name: string,
  its: BackupState | undefined,
  signal: AbortSignal,
): Promise<Listing> {
  try {
    const { backups, problems } = await engine.list(signal);
    return { backups: backups.map((one) => withStory(one, its)), problems };
  } catch (failure) {
    return { backups: [], problems: [`${name}: ${messageOf(failure)}`] };
  }
}

function withStory(one: FoundBackup, its: BackupState | undefined): ListedBackup {
  const damage = own(its?.damaged ?? {}, one.id);
  const { verified, proven } = own(its?.readBack ?? {}, one.id) ?? {};
  return {
    ...one,
    ...(verified === undefined ? {} : { verifiedAt: verified }),
    ...(proven === undefined ? {} : { provenAt: proven }),
    ...(damage === undefined ? {} : { problem: damage }),
  };
}

/** The backup that somebody means: by its id, or the `latest` that is not broken and no copy of what was there before a restore. */
export function chosenOf(
  backups: readonly FoundBackup[],
  wanted: string,
  its: BackupState | undefined,
  name: string,
): FoundBackup {
  const usual = backups.filter(({ note }) => note === undefined);
  const found =
    wanted === "latest" ? usual.find((one) => !isBroken(one, its)) : backups.find(({ id }) => id === wanted);
  if (found) return found;
  if (wanted === "latest" && usual.length > 0)
    throw new OstlerError(
      "not-found",
      `All backups of ${name} are known to be broken (see \`ostler backup list\`). Make a new one, or name one by its id.`,
    );
  if (wanted === "latest") throw new OstlerError("not-found", `There is no backup of ${name} yet.`);
  throw notFound(
    `backup of ${name}`,
    wanted,
    backups.map(({ id }) => id),
  );
}

/** Which backups of a set are kept, and which are to go. One that is known to be broken never stands for a good one, nor one with a note for one without. */
export function keptOf(
  backups: readonly FoundBackup[],
  its: BackupState | undefined,
  keep: KeepConfig,
  nowMs: number,
): { keep: Kept[]; remove: string[] } {
  const isGood = (one: FoundBackup): boolean | undefined => {
    if (isBroken(one, its)) return false;
    return own(its?.readBack ?? {}, one.id) ? true : undefined;
  };
  const candidates = backups.map((one) => {
    const { id, time, note, unreadable: isUnreadable = false } = one;
    return { id, timeMs: Date.parse(time), isGood: isGood(one), isUnreadable, isSafety: note !== undefined };
  });
  return keptBy(candidates, keep, nowMs, compareBackupIds);
}

/** What can be seen of it, or what was found when it was read. */
function isBroken({ id, problem }: FoundBackup, its: BackupState | undefined): boolean {
  return problem !== undefined || own(its?.damaged ?? {}, id) !== undefined;
}
