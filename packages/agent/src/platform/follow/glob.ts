import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { messageOf } from "@ostler/protocol";
import { accesses, type AccessOf } from "./access.js";

const special = /[*?[]/;

/** Deeper directories are not looked into by `**`. */
const maxDepth = 8;

/** Has a path any of `*`, `?`, `[...]`? */
export function isGlob(path: string): boolean {
  return special.test(path);
}

/** A path in which everything stands for itself, as part of a glob. */
export function literally(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** `faults`: directories that could not be read, and why. */
export type Matching = { paths: string[]; faults: { path: string; reason: string }[] };

/**
 * The files that match a glob with an absolute path: `*` and `?` are any characters of a name, `[abc]` and `[!a-z]` one of some, and
 * `**` any number of directories. Names that begin with a dot only match what does so, too. Directories that are not there have none.
 * Links come last.
 */
export async function filesMatching(glob: string, accessOf: AccessOf = accesses()): Promise<Matching> {
  const [, ...segments] = glob.split(sep);
  const found: Found = { files: new Set(), links: new Set(), faults: new Map(), accessOf };
  await walk("/", segments, 0, found);
  const faults = [...found.faults].map(([path, reason]) => ({ path, reason }));
  return { paths: [...found.files, ...found.links], faults };
}

/** Would a file of this path match the glob? */
export function isMatching(glob: string, path: string): boolean {
  return matches(glob.split(sep), path.split(sep));
}

function matches([segment, ...segments]: readonly string[], names: readonly string[]): boolean {
  const [name, ...rest] = names;
  if (segment === undefined || name === undefined) return segment === name;
  if (segment !== "**") return namesOf(segment)(name) && matches(segments, rest);
  return matches(segments, names) || (!name.startsWith(".") && matches(["**", ...segments], rest));
}

type Found = {
  files: Set<string>;
  links: Set<string>;
  faults: Map<string, string>;
  accessOf: AccessOf;
};

async function walk(
  directory: string,
  [segment, ...rest]: readonly string[],
  depth: number,
  found: Found,
): Promise<void> {
  if (segment === undefined) return;
  if (!isGlob(segment) && rest.length > 0) return walk(join(directory, segment), rest, depth, found);
  const entries = await entriesOf(directory, found);
  if (segment === "**") {
    await walk(directory, rest, depth, found);
    for (const entry of entries)
      if (entry.isDirectory() && !entry.name.startsWith(".") && depth < maxDepth)
        await walk(join(directory, entry.name), ["**", ...rest], depth + 1, found);
    return;
  }
  const isIt = namesOf(segment);
  for (const entry of entries) {
    if (!isIt(entry.name)) continue;
    const path = join(directory, entry.name);
    if (rest.length > 0) await walk(path, rest, depth, found);
    else if (entry.isSymbolicLink()) found.links.add(path);
    else if (!isGlob(segment) || !entry.isDirectory()) found.files.add(path);
  }
}

async function entriesOf(directory: string, { accessOf, faults }: Found): Promise<Dirent[]> {
  try {
    return await accessOf(directory).ask(() => readdir(directory, { withFileTypes: true }));
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") faults.set(directory, messageOf(failure));
    return [];
  }
}

function namesOf(segment: string): (name: string) => boolean {
  if (!isGlob(segment)) return (name) => name === segment;
  const pattern = patternOf(segment);
  return (name) => pattern.test(name) && (!name.startsWith(".") || segment.startsWith("."));
}

/** The names that a segment stands for. What is between brackets is taken as it is, and never empty. */
function patternOf(segment: string): RegExp {
  const parts = segment.split(/(\[!?[^\]]+\]|\*|\?)/).map((part) => {
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    const [, not, set] = /^\[(!?)([^\]]+)\]$/.exec(part) ?? [];
    if (set !== undefined) return `[${not === "!" ? "^" : ""}${set.replace(/[\\^[]/g, "\\$&")}]`;
    return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}
