import { lstatSync, type BigIntStats } from "node:fs";
import { basename, dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { messageOf } from "@ostler/protocol";
import type { Skipped } from "../../core/backup/manifest.js";
import { shelfName } from "../../core/backup/shelf-names.js";
import { archiveFailure } from "./job.js";
import { expand, matcher, namesIn } from "./path-glob.js";
import { pathFor, shown } from "./path-bytes.js";
import { seenFrom, type LeftOut } from "./seen-from.js";

/** What is to be archived, by its path relative to /, in order; each with a print that tells whether it has changed. */
export type Walked = {
  entries: Map<string, string>;
  skipped: Skipped[];
  files: number;
  bytes: number;
  /** What it occupies: less than `bytes` where there are holes. */
  occupiedBytes: number;
};

/** A backup of more files is refused: what is known of each is held in memory, about half a KiB. */
const maxEntries = 2_000_000;
/** So often somebody else has a turn. */
const turnAfter = 500;

/**
 * Finds everything that a backup of these paths has. Nothing is followed. What is excluded is not looked into, nor what is `leftOut`,
 * whatever links lead there. @throws OstlerError `failed`
 */
export async function walk(
  paths: readonly string[],
  { exclude, leftOut }: { exclude: readonly string[]; leftOut: LeftOut },
  tell: (files: number, bytes: number) => void,
): Promise<Walked> {
  const walked: Walked = { entries: new Map(), skipped: [], files: 0, bytes: 0, occupiedBytes: 0 };
  const isExcluded = matcher(exclude);
  const roots = new Set<string>();
  for (const glob of paths)
    for (const path of await expand(glob).catch((cause: unknown) => unreadable(glob, cause))) roots.add(path);
  const isOwn = ownIn(await seenFrom(roots, leftOut));
  const waiting = [...roots].sort().reverse();
  for (let path = waiting.pop(), turns = 1; path !== undefined; path = waiting.pop(), turns++) {
    if (turns % turnAfter === 0) {
      tell(walked.files, walked.bytes);
      await setImmediate();
    }
    if (isOwn(path) || isExcluded(path) || walked.entries.has(path.slice(1))) continue;
    const found = path;
    const stats = reading(found, () => statsOf(found));
    if (!stats) continue; // It has gone since its directory was read.
    take(walked, found, stats);
    if (!stats.isDirectory()) continue;
    const parent = found === "/" ? "" : found;
    for (const name of namesOf(found).reverse()) waiting.push(`${parent}/${name}`);
  }
  walked.skipped.push(
    ...paths.filter(isLink).map((path) => ({ path, reason: `a link: what it points to is not in it` })),
  );
  return walked;
}

function ownIn({ directories, shelves }: LeftOut): (path: string) => boolean {
  const all = new Set(directories);
  const shared = new Set(shelves);
  return (path) => all.has(path) || (shared.has(dirname(path)) && shelfName(basename(path)) !== undefined);
}

/** What tells that something has changed. A directory does not when something in it does. */
export function printOf(stats: BigIntStats): string {
  const { mode, uid, gid, size, mtimeNs, ctimeNs, ino } = stats;
  return stats.isDirectory() ? `${mode}:${uid}:${gid}` : `${size}:${mtimeNs}:${ctimeNs}:${ino}`;
}

/** Nothing when it is not there. @throws ErrnoException */
export function statsOf(path: string): BigIntStats | undefined {
  return lstatSync(pathFor(path), { bigint: true, throwIfNoEntry: false });
}

function take(walked: Walked, path: string, stats: BigIntStats): void {
  const reason = stats.isSocket()
    ? "a socket"
    : stats.isBlockDevice() || stats.isCharacterDevice()
      ? "a device"
      : undefined;
  if (reason !== undefined) return void walked.skipped.push({ path, reason });
  if (path === "/") return; // It is there wherever something is extracted.
  if (walked.entries.size >= maxEntries)
    throw archiveFailure(
      "failed",
      `There are more than ${maxEntries} files. Make several sets of backups out of them.`,
    );
  walked.entries.set(path.slice(1), printOf(stats));
  walked.files++;
  if (!stats.isFile()) return;
  walked.bytes += Number(stats.size);
  walked.occupiedBytes += Math.min(Number(stats.size), Number(stats.blocks) * 512);
}

/** One that is named as such, not by a glob: whoever names it means what it points to. */
const isLink = (path: string): boolean => reading(path, () => statsOf(path))?.isSymbolicLink() === true;

/** What is in a directory, unless it has gone by now. */
function namesOf(directory: string): string[] {
  return reading(directory, () => (statsOf(directory) ? namesIn(directory) : []));
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): never {
  throw archiveFailure(
    "failed",
    `${shown(path)} cannot be read: ${messageOf(cause)}. Let the agent's user read it, or exclude it.`,
    cause,
  );
}
