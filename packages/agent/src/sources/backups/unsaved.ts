import { entriesIn, matcher } from "../../platform/archive/path-glob.js";
import { above } from "./restic-selection.js";
import { lstatIfThere } from "./swap-places.js";

/** What backups of a set have: all but what is excluded, and devices or not. */
export type Saved = { exclude: readonly string[]; isWithDevices: boolean };

/**
 * Is there something in a place that no backup has, because they leave it out? That is asked as they do it, of what is there. What
 * cannot be looked at may be such a thing. @throws AbortError
 */
export async function hasUnsaved(
  place: string,
  { exclude, isWithDevices }: Saved,
  signal: AbortSignal,
): Promise<boolean> {
  if (exclude.length === 0 && isWithDevices) return false;
  const isExcluded = matcher(exclude);
  if (above(place).some(isExcluded)) return true;
  const waiting: Found[] = [{ path: place, ...(await kindOf(place)) }];
  for (let found = waiting.pop(); found; found = waiting.pop()) {
    const { path, isDirectory, isDevice } = found;
    if (isExcluded(path) || (isDevice && !isWithDevices)) return true;
    if (!isDirectory) continue;
    signal.throwIfAborted();
    const entries = await entriesIn(path).catch(() => undefined);
    if (!entries) return true;
    for (const entry of entries) waiting.push({ ...entry, path: `${path}/${entry.name}` });
  }
  return false;
}

type Found = { path: string; isDirectory: boolean; isDevice: boolean };

async function kindOf(path: string): Promise<Omit<Found, "path">> {
  const stats = await lstatIfThere(path);
  const isDevice = stats?.isBlockDevice() === true || stats?.isCharacterDevice() === true;
  return { isDirectory: stats?.isDirectory() === true, isDevice };
}
