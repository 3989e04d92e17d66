import { lstat } from "node:fs/promises";
import { messageOf } from "@ostler/protocol";
import { pathFor, shown } from "../../platform/archive/path-bytes.js";
import { expand, matcher } from "../../platform/archive/path-glob.js";
import { resticError } from "../../platform/restic/trouble.js";

export type Selection = {
  /** Absolute, none in another. */
  paths: string[];
  /** Those that are links: restic backs up the link. */
  links: string[];
};

type Wanted = { paths: readonly string[]; exclude: readonly string[]; required: readonly string[] };

/**
 * What is there of what is to be backed up. restic takes a glob for a name, so they are looked up here.
 * @throws OstlerError with the code `required-missing`, naming all of them, or `failed`
 */
export async function selectionOf({ paths, exclude, required }: Wanted): Promise<Selection> {
  const missing: string[] = [];
  for (const glob of required) if ((await found(glob)).length === 0) missing.push(glob);
  if (missing.length > 0)
    throw resticError(
      "required-missing",
      `What is required is not there: ${missing.map(shown).join(", ")}. Without it a backup would be of no use; see \`required\` of the set.`,
    );
  const isExcluded = matcher(exclude);
  const there = new Set<string>();
  for (const glob of paths)
    for (const path of await found(glob)) if (![path, ...above(path)].some(isExcluded)) there.add(path);
  const top = uppermost([...there]);
  const links: string[] = [];
  for (const path of top) if (await isLink(path)) links.push(path);
  return { paths: top, links };
}

/** Those that are in no other. */
export function uppermost(paths: readonly string[]): string[] {
  const all = new Set(paths);
  return [...all].filter((path) => !above(path).some((one) => all.has(one)));
}

/** A question to paths: is it one of these, or in one? */
export function isIn(roots: readonly string[]): (path: string) => boolean {
  const all = new Set(roots);
  return (path) => all.has(path) || above(path).some((one) => all.has(one));
}

/** The directories that a path is in, from / on. */
export function above(path: string): string[] {
  const names = path.split("/").slice(1, -1);
  return path === "/" ? [] : ["/", ...names.map((_, at) => `/${names.slice(0, at + 1).join("/")}`)];
}

async function found(glob: string): Promise<string[]> {
  try {
    return await expand(glob);
  } catch (cause) {
    throw resticError(
      "failed",
      `${shown(glob)} cannot be looked for: ${messageOf(cause)}. Let the agent's user read it.`,
    );
  }
}

async function isLink(path: string): Promise<boolean> {
  const stats = await lstat(pathFor(path)).catch(() => undefined); // What has gone meanwhile, restic does not find either.
  return stats?.isSymbolicLink() === true;
}
