import { lstatSync, readdirSync } from "node:fs";
import { pathFor, textOf } from "./path-bytes.js";

/** Directories deeper than this below where `**` stands are not searched for paths that are to be backed up. */
const maxDepth = 32;

/**
 * A question to absolute paths: does one of the globs match? `*` and `?` are any characters of a name, also of one that begins with a
 * dot: what is backed up must not depend on that. `[abc]` and `[!a-z]` are one of some, `**` is any number of directories.
 */
export function matcher(globs: readonly string[]): (path: string) => boolean {
  if (globs.length === 0) return () => false;
  const patterns = globs.map((glob) => new RegExp(`^${patternOf(glob)}$`, "su"));
  return (path) => patterns.some((pattern) => pattern.test(path));
}

/** What is there of an absolute glob; sorted. @throws ErrnoException when a directory may not be read */
export function expand(glob: string): string[] {
  const segments = glob.split("/").filter((segment) => segment !== "");
  return [...new Set(below("", segments, 0))].sort();
}

/** The names in a directory, sorted. Names that are no UTF-8 are kept. @throws ErrnoException */
export function namesIn(directory: string): string[] {
  const names = readdirSync(pathFor(directory));
  const some = names.some((name) => name.includes("\ufffd"));
  const exact = some ? readdirSync(pathFor(directory), { encoding: "buffer" }).map(textOf) : names;
  return exact.sort();
}

function below(directory: string, [segment, ...rest]: readonly string[], depth: number): string[] {
  if (segment === undefined) return [directory === "" ? "/" : directory];
  if (!/[*?[]/.test(segment)) {
    const path = `${directory}/${segment}`;
    return exists(path) ? below(path, rest, depth) : [];
  }
  const names = namesOrNone(directory);
  if (segment !== "**") {
    const isMatch = new RegExp(`^${patternOf(segment)}$`, "su");
    return names.filter((name) => isMatch.test(name)).flatMap((name) => below(`${directory}/${name}`, rest, depth));
  }
  const deeper = depth < maxDepth ? names.filter((name) => isDirectory(`${directory}/${name}`)) : [];
  return [
    ...(rest.length > 0 ? below(directory, rest, depth) : names.map((name) => `${directory}/${name}`)),
    ...deeper.flatMap((name) => below(`${directory}/${name}`, [segment, ...rest], depth + 1)),
  ];
}

function namesOrNone(directory: string): string[] {
  try {
    return namesIn(directory === "" ? "/" : directory);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw failure;
  }
}

const exists = (path: string): boolean => lstatSync(pathFor(path), { throwIfNoEntry: false }) !== undefined;
const isDirectory = (path: string): boolean =>
  lstatSync(pathFor(path), { throwIfNoEntry: false })?.isDirectory() === true;

/** The regular expression of a glob, for a whole path or one name. */
function patternOf(glob: string): string {
  const parts = glob.split(/(\/\*\*\/|\/\*\*$|^\*\*$|\[!?[^\]]+\]|\*+|\?)/);
  return parts
    .map((part) => {
      if (part === "/**/") return "/(?:.*/)?";
      if (part === "/**") return "/.+";
      if (part === "**") return ".+";
      if (/^\*+$/.test(part)) return "[^/]*";
      if (part === "?") return "[^/]";
      const [, not, set] = /^\[(!?)([^\]]+)\]$/.exec(part) ?? [];
      if (set !== undefined) return `[${not === "!" ? "^/" : ""}${set.replace(/[\\^[\]]/g, "\\$&")}]`;
      return part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    })
    .join("");
}

/** A glob that is this path and no other. */
export function literally(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}
