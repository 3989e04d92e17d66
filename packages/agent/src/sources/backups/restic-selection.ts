import { lstatSync } from "node:fs";
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
export function selectionOf({ paths, exclude, required }: Wanted): Selection {
  const missing = required.filter((glob) => found(glob).length === 0);
  if (missing.length > 0)
    throw resticError(
      "required-missing",
      `What is required is not there: ${missing.map(shown).join(", ")}. Without it a backup would be of no use; see \`required\` of the set.`,
    );
  const isExcluded = matcher(exclude.map(withoutSlash));
  const there = [...new Set(paths.flatMap(found))].filter((path) => ![path, ...above(path)].some(isExcluded));
  const top = uppermost(there);
  return { paths: top, links: top.filter(isLink) };
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

export function withoutSlash(glob: string): string {
  return glob.replace(/(?<=.)\/+$/, "");
}

function found(glob: string): string[] {
  try {
    return expand(glob);
  } catch (cause) {
    throw resticError(
      "failed",
      `${shown(glob)} cannot be looked for: ${messageOf(cause)}. Let the agent's user read it.`,
    );
  }
}

function isLink(path: string): boolean {
  return lstatSync(pathFor(path), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
