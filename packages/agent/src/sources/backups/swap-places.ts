import { readFileSync } from "node:fs";
import { lstat, mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { pathFor } from "../../platform/archive/path-bytes.js";
import { mountsIn, mountsPath } from "../../platform/mounts.js";
import { roomsFor, type Wanted } from "./staging-rooms.js";
import type { SwapRecord } from "./swap-record.js";

export type Staging = SwapRecord["stagings"][number];

/** Names of ours, which are never taken for something of the service. */
export const stagingPrefix = ".ostler-restore.";
export const beforePrefix = ".ostler-before.";

/** Where each place is staged and which directories are missing above it; makes nothing. @throws OstlerError */
export async function planStaging(
  id: string,
  places: readonly string[],
): Promise<Pick<SwapRecord, "stagings" | "parents">> {
  const stagings: Staging[] = [];
  const parents = new Set<string>();
  const wanted: Wanted[] = [];
  for (const place of outermost(places)) {
    const beside = (await isMountPoint(place)) ? place : dirname(place);
    for (const parent of await missing(beside)) parents.add(parent);
    wanted.push({ place, beside });
  }
  for (const { above, places: its } of await roomsFor(wanted)) {
    const directory = join(above, `${stagingPrefix}${id}.${stagings.length}`);
    if (await lstatIfThere(directory)) throw refusal(its.join(", "), `${directory} is there already. Remove it`);
    stagings.push({ places: its, directory });
  }
  return { stagings, parents: [...parents] };
}

export async function makeStaging(
  { stagings, parents }: Pick<SwapRecord, "stagings" | "parents">,
  made: () => void,
): Promise<void> {
  for (const parent of parents) {
    await mkdir(parent, { mode: 0o755 });
    made();
  }
  for (const { directory } of stagings) {
    await mkdir(directory, { mode: 0o700 });
    made();
  }
}

/** Such a place stays, and what is in it is swapped. What cannot be swapped at all is refused. @throws OstlerError `wrong-state` */
export async function isMountPoint(place: string): Promise<boolean> {
  if (place === "/") throw refusal(place, "it is the root. Restore into a directory instead");
  const below = await mountedBelow(place);
  if (below !== undefined)
    throw refusal(place, `something is mounted in it, at ${below}. Restore into a directory, or unmount it`);
  if (!mountPoints().includes(await withoutLinksAbove(place))) return false;
  if ((await lstatIfThere(place))?.isDirectory()) return true;
  throw refusal(place, "it is a file that something is mounted on. Restore into a directory instead");
}

/** What is mounted in a directory moves with it, and would be emptied with it. */
export async function mountedBelow(path: string): Promise<string | undefined> {
  const start = `${await withoutLinksAbove(path)}/`;
  return mountPoints().find((mount) => mount.startsWith(start));
}

function mountPoints(): string[] {
  return mountsIn(readFileSync(mountsPath, "utf8")).map(({ mountpoint }) => mountpoint);
}

/** As the kernel names it in its table. Where nothing is, nothing is mounted. */
async function withoutLinksAbove(place: string): Promise<string> {
  const above = await realpath(dirname(place)).catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return dirname(place);
    throw failure;
  });
  return join(above, basename(place));
}

export async function lstatIfThere(path: string): Promise<Awaited<ReturnType<typeof bigStat>> | undefined> {
  try {
    return await bigStat(path);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw failure;
  }
}

const bigStat = (path: string) => lstat(pathFor(path), { bigint: true });

/** Without what lies in another of them. */
function outermost(places: readonly string[]): string[] {
  const all = [...new Set(places.map((place) => normalize(place).replace(/(?<=.)\/$/, "")))].toSorted();
  return all.filter((place) => !all.some((other) => other !== place && `${place}/`.startsWith(`${other}/`)));
}

async function missing(directory: string): Promise<string[]> {
  const stats = await lstatIfThere(directory);
  if (stats) return [];
  return [...(await missing(dirname(directory))), directory];
}

function refusal(place: string, why: string): OstlerError {
  return new OstlerError("wrong-state", `${place} cannot be restored into place: ${why}.`);
}
