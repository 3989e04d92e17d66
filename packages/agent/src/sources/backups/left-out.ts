import { entriesIn, matcher } from "../../platform/archive/path-glob.js";
import { above } from "./restic-selection.js";

/**
 * Is there something in a place that backups leave out by these globs, as they do it? So it is in none of them. What cannot be looked
 * at may be such a thing. @throws AbortError
 */
export async function hasLeftOut(place: string, exclude: readonly string[], signal: AbortSignal): Promise<boolean> {
  if (exclude.length === 0) return false;
  const isExcluded = matcher(exclude);
  if ([...above(place), place].some(isExcluded)) return true;
  const waiting = [place];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    signal.throwIfAborted();
    const entries = await entriesIn(directory).catch(() => undefined);
    if (!entries) return true;
    for (const { name, isDirectory } of entries) {
      const path = `${directory}/${name}`;
      if (isExcluded(path)) return true;
      if (isDirectory) waiting.push(path);
    }
  }
  return false;
}
