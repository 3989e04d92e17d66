import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { pathFor, shown } from "../../platform/archive/path-bytes.js";
import { literally } from "../../platform/archive/path-glob.js";
import type { Doing, Engine, Made } from "./engine.js";
import { refuseOwn, type OwnDirectory } from "./refuse-own.js";
import { filling } from "./filling.js";
import { hasUnsaved } from "./unsaved.js";
import { Swap } from "./swap.js";

export type Restored = { files: number; bytes: number; safety?: string; kept: string[] };

export type IntoPlace = {
  /** Where it is written down what has to be undone or completed after a crash. */
  record: string;
  /** What backups of the set leave out: where there is such a thing, the old stays beside the new. */
  exclude: readonly string[];
  /** Backs up what is there now. Where it could not take all of it as it was, all of the old stays beside the new. */
  safety: () => Promise<Made>;
};

/** What a restore into place would replace: the uppermost paths of the backup, or of what matches `only`. @throws OstlerError */
export async function placesOf(
  engine: Engine,
  id: string,
  only: readonly string[] | undefined,
  own: readonly OwnDirectory[],
  signal: AbortSignal,
): Promise<string[]> {
  const places = await rootsOf(engine, id, only, signal);
  for (const place of places) refuseOddAbove(place);
  await refuseOwn(places, own, signal);
  return places;
}

/** Restores beside what is there, and puts it in its place when all of it is there and right. A failure leaves the old. */
export async function restoreIntoPlace(
  engine: Engine,
  id: string,
  places: readonly string[],
  { record, exclude, safety }: IntoPlace,
  doing: Doing,
): Promise<Restored> {
  const isSomethingThere = (await Promise.all(places.map(isThere))).includes(true);
  const before = isSomethingThere ? await safety() : undefined;
  await using swap = await Swap.begin(record, id, places);
  const done: Restored = { files: 0, bytes: 0, kept: [], ...(before ? { safety: before.id } : {}) };
  const units: { place: string; staged: string }[] = [];
  for (const { places: its, directory } of swap.stagings) {
    const { files, bytes } = await engine.extract(id, directory, its.map(literally), doing);
    done.files += files;
    done.bytes += bytes;
    for (const place of its) units.push({ place, staged: join(directory, place) });
  }
  const keepOld = async (place: string): Promise<boolean> =>
    before?.isPartial === true ||
    (await hasUnsaved(place, { exclude, isWithDevices: engine.kind === "restic" }, doing.signal));
  const { kept } = await swap.commit(units, { keepOld, signal: doing.signal });
  return { ...done, kept };
}

/** Restores into a directory that is empty, or not there yet. A failure leaves it like that. */
export async function restoreTo(
  engine: Engine,
  id: string,
  to: string,
  only: readonly string[] | undefined,
  doing: Doing,
): Promise<Restored> {
  if (!to.startsWith("/")) throw new OstlerError("bad-request", `${to} is not absolute: say where it is on the host.`);
  await rootsOf(engine, id, only, doing.signal);
  return filling(to, async () => ({ ...(await engine.extract(id, to, only, doing)), kept: [] }));
}

async function rootsOf(
  engine: Engine,
  id: string,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const roots = await engine.rootsOf(id, only, signal);
  if (roots.length > 0) return roots;
  throw new OstlerError(
    "not-found",
    `Nothing in ${id} ${only ? `matches ${only.join(", ")}` : "can be restored: it is empty"}.`,
  );
}

/** What extracts takes the directory beside a place by its name, which must be text for that. */
function refuseOddAbove(place: string): void {
  if (typeof pathFor(dirname(place)) === "string") return;
  throw new OstlerError(
    "wrong-state",
    `${shown(place)} cannot be restored into place: the name of a directory above it is not UTF-8. Restore into a directory (\`--to\`).`,
  );
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(pathFor(path)).catch(() => undefined)) !== undefined; // What cannot be looked at cannot be replaced either, and is told then.
}
