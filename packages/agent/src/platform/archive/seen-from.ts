import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { pathFor, textOf } from "./path-bytes.js";

/** What no backup has: directories with all that is in them, and of others (shelves) what is named like a file of a backup. */
export type LeftOut = { directories: string[]; shelves: string[] };

/**
 * The same by the paths at which somebody comes by who walks these roots, following no link but those above a root. What is left out is
 * told by real paths.
 */
export async function seenFrom(roots: Iterable<string>, { directories, shelves }: LeftOut): Promise<LeftOut> {
  const seen: LeftOut = { directories: [], shelves: [] };
  for (const parent of new Set([...roots].map(dirname))) {
    const real = await realpath(pathFor(parent), { encoding: "buffer" }).then(textOf, () => undefined); // What has gone is not walked.
    if (real === undefined) continue;
    seen.directories.push(...directories.flatMap((one) => below(parent, real, one) ?? []));
    seen.shelves.push(...shelves.flatMap((one) => below(parent, real, one) ?? []));
  }
  return seen;
}

/** The path of something that lies in a directory, by another path of the directory. */
function below(directory: string, real: string, path: string): string | undefined {
  if (path === real) return directory;
  const inside = real === "/" ? path : path.startsWith(`${real}/`) ? path.slice(real.length) : undefined;
  return inside === undefined ? undefined : directory === "/" ? inside : `${directory}${inside}`;
}
