import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { mountOf } from "../../platform/mounts.js";

/** Where the staging directory of a place may be: in `beside`, which need not be there yet. */
export type Wanted = { place: string; beside: string };

/** Several places are staged in one directory, that comes to lie in `above`. */
export type Room = { above: string; places: string[] };

/**
 * As few directories as possible from which each place is reached by a rename, so that a backup is read as seldom: one for each file
 * system, above all of its places. Who owns one of the places has nothing to say about the others there. Where that may not be written
 * to, there is one for the places of each directory.
 */
export async function roomsFor(wanted: readonly Wanted[]): Promise<Room[]> {
  const found = await Promise.all(wanted.map(async (one) => ({ ...one, ...(await volumeOf(one.beside)) })));
  const rooms: Room[] = [];
  for (const its of groupsBy(found, ({ volume }) => volume)) {
    const above = commonOf(its.map(({ real }) => real));
    const isTogether = await isWritable(above);
    for (const group of isTogether ? [its] : groupsBy(its, ({ real }) => real))
      rooms.push({ above: commonOf(group.map(({ real }) => real)), places: group.map(({ place }) => place) });
  }
  return rooms;
}

/** The file system, and the mount of it: of one that is mounted twice, nothing can be renamed from here to there. */
async function volumeOf(directory: string): Promise<{ real: string; volume: string }> {
  const { real, there } = await resolved(directory);
  const { dev } = await stat(there);
  return { real, volume: `${dev} ${mountOf(real) ?? "/"}` };
}

/** Without links, and what is there of it. */
async function resolved(directory: string): Promise<{ real: string; there: string }> {
  try {
    const real = await realpath(directory);
    return { real, there: real };
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT" || directory === "/") throw failure;
    const { real, there } = await resolved(dirname(directory));
    return { real: join(real, basename(directory)), there };
  }
}

function commonOf(directories: readonly string[]): string {
  let common = directories[0] ?? "/";
  while (!directories.every((one) => common === "/" || `${one}/`.startsWith(`${common}/`))) common = dirname(common);
  return common;
}

async function isWritable(directory: string): Promise<boolean> {
  const { there } = await resolved(directory);
  return access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

function groupsBy<T>(all: readonly T[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}
