import { chmod, chown, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { parseBackupId } from "../../core/backup/backup-id.js";
import { pathFor } from "../../platform/archive/path-bytes.js";
import { namesIn } from "../../platform/archive/path-glob.js";
import { syncDirectory } from "../../platform/disk.js";
import { beforePrefix, isMountPoint, lstatIfThere, mountedBelow, stagingPrefix } from "./swap-places.js";
import type { Move, SwapRecord } from "./swap-record.js";

/** What comes to a place: `staged` is on the same file system. */
export type SwapUnit = { place: string; staged: string };

/** Is the old to be kept beside, because something in it is not in the new? */
export type KeepOld = (place: string) => boolean | Promise<boolean>;

/** Called after each step that changes the host. */
export type Step = (what: string) => void;

/** Every rename that is to be done, in order; of a mount point its children, since it cannot be moved itself. */
export async function planMoves(
  id: string,
  units: readonly SwapUnit[],
  keepOld: KeepOld,
): Promise<Pick<SwapRecord, "moves" | "dressed">> {
  const moves: Move[] = [];
  const dressed: SwapRecord["dressed"] = [];
  for (const unit of units) {
    const isMount = await isMountPoint(unit.place);
    for (const one of isMount ? childrenOf(unit) : [unit]) moves.push(await planMove(id, moves.length, one, keepOld));
    if (isMount) dressed.push(await planDress(unit));
  }
  return { moves, dressed };
}

export async function doMoves({ moves, dressed }: Pick<SwapRecord, "moves" | "dressed">, step: Step): Promise<void> {
  for (const { place, before, staged } of moves) {
    if (await lstatIfThere(place)) await moved(place, before, step);
    if (staged) await moved(staged.path, place, step);
  }
  for (const { place, after } of dressed) await dress(place, after, step);
}

/** In reverse, and from wherever it was left; returns what somebody else has put in place meanwhile, which is kept beside. */
export async function undoMoves(
  { moves, dressed }: Pick<SwapRecord, "moves" | "dressed">,
  step: Step,
): Promise<string[]> {
  const intruders: string[] = [];
  for (const { place, before } of dressed) await dress(place, before, step);
  for (const { place, before, staged, keptAs } of moves.toReversed()) {
    const there = await lstatIfThere(place);
    const isOurs = there !== undefined && String(there.ino) === staged?.inode;
    if (staged && isOurs) await moved(place, staged.path, step);
    if (!(await lstatIfThere(before))) continue;
    if (there && !isOurs) {
      await moved(place, keptAs, step);
      intruders.push(keptAs);
    }
    await moved(before, place, step);
  }
  return intruders;
}

/** Removes the old, or puts it beside its place where it is to be kept or cannot be removed; returns where it is then. */
export async function endMoves(moves: readonly Move[], step: Step): Promise<string[]> {
  const kept: string[] = [];
  for (const { before, keptAs, isKept } of moves) {
    const mayGo = !isKept && (await mountedBelow(before)) === undefined;
    if (mayGo) await rm(pathFor(before), { recursive: true, force: true }).catch(() => undefined); // It is kept then, and named.
    step(`end ${before}`);
    if (await lstatIfThere(before)) await moved(before, keptAs, step);
    if (await lstatIfThere(keptAs)) kept.push(keptAs);
  }
  return kept;
}

async function planMove(
  id: string,
  n: number,
  { place, staged }: { place: string; staged: string | undefined },
  keepOld: KeepOld,
): Promise<Move> {
  const before = join(dirname(place), `${beforePrefix}${id}.${n}`);
  if (await lstatIfThere(before))
    throw new OstlerError("wrong-state", `${place} cannot be restored: ${before} is there already. Look what it is.`);
  const move = { place, before, keptAs: await freeName(`${place}.before-${id}`), isKept: await keepOld(place) };
  if (staged === undefined) return move;
  const stats = await lstatIfThere(staged);
  if (!stats) throw new OstlerError("failed", `${place} cannot be restored: nothing is staged at ${staged}.`);
  return { ...move, staged: { path: staged, inode: String(stats.ino) } };
}

/** Those of either; what is on a mount point for its file system's sake, and what is kept of earlier restores, stays. */
function childrenOf({ place, staged }: SwapUnit): { place: string; staged: string | undefined }[] {
  const isOfService = (name: string): boolean =>
    name !== "lost+found" &&
    ![stagingPrefix, beforePrefix].some((prefix) => name.startsWith(prefix)) &&
    !isKeptName(name);
  const [old, fresh] = [namesIn(place), namesIn(staged)].map((names) => names.filter(isOfService));
  return [...new Set([...(old ?? []), ...(fresh ?? [])])].toSorted().map((name) => ({
    place: join(place, name),
    staged: fresh?.includes(name) ? join(staged, name) : undefined,
  }));
}

function isKeptName(name: string): boolean {
  const [, id = ""] = /\.before-([^/]+)$/.exec(name) ?? [];
  return parseBackupId(id) !== undefined;
}

async function planDress({ place, staged }: SwapUnit): Promise<SwapRecord["dressed"][number]> {
  return { place, before: await attributesOf(place), after: await attributesOf(staged) };
}

type Attributes = SwapRecord["dressed"][number]["before"];

async function attributesOf(path: string): Promise<Attributes> {
  const stats = await lstatIfThere(path);
  if (!stats) throw new OstlerError("failed", `${path} has gone while it was to be restored.`);
  return { mode: Number(stats.mode) & 0o7777, uid: Number(stats.uid), gid: Number(stats.gid) };
}

async function dress(place: string, { mode, uid, gid }: Attributes, step: Step): Promise<void> {
  await chown(place, uid, gid);
  await chmod(place, mode);
  step(`dress ${place}`);
}

async function moved(from: string, to: string, step: Step): Promise<void> {
  await rename(pathFor(from), pathFor(to));
  step(`rename ${from} to ${basename(to)}`);
  await syncDirectory(dirname(to));
}

async function freeName(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? path : `${path}-${count}`;
    if (!(await lstatIfThere(name))) return name;
  }
}
