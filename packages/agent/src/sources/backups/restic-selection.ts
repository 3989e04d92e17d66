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
  const isExcluded = matcher(exclude);
  const isLeftOut = (path: string): boolean => [path, ...above(path)].some(isExcluded);
  const there = new Set<string>();
  for (const glob of paths) for (const path of await found(glob)) if (!isLeftOut(path)) there.add(path);
  const top = uppermost([...there]);
  const missing: string[] = [];
  for (const glob of required) {
    let isTaken = false;
    for (const path of await found(glob)) isTaken ||= !isLeftOut(path) && (await isReached(path, top));
    if (!isTaken) missing.push(glob);
  }
  if (missing.length > 0)
    throw resticError(
      "required-missing",
      `What is required would not be backed up: ${missing.map(shown).join(", ")}. It must be there, in \`paths\` and not excluded; see \`required\` of the set.`,
    );
  const links: string[] = [];
  for (const path of top) if (await isLink(path)) links.push(path);
  return { paths: top, links };
}

/** Is it one of these, or in one without a link in between, which restic does not follow? */
async function isReached(path: string, roots: readonly string[]): Promise<boolean> {
  if (roots.includes(path)) return true;
  const within = above(path).filter(isIn(roots));
  for (const one of within) if (await isLink(one)) return false;
  return within.length > 0;
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
