import { readdirSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { pathFor, textOf } from "./path-bytes.js";

/**
 * A question to absolute paths: does one of the globs match? `*` and `?` are any characters of a name, also of one that begins with a
 * dot: what is backed up must not depend on that. `[abc]` and `[!a-z]` are one of some. A segment that is `**` is any number of
 * directories, or at the end everything below; within a name it is `*`. A slash at the end means nothing.
 */
export function matcher(globs: readonly string[]): (path: string) => boolean {
  const plain = new Set<string>();
  const patterns: RegExp[] = [];
  for (const glob of globs.filter((each) => each.startsWith("/"))) {
    const names = segmentsOf(glob).map(plainOf);
    if (names.includes(undefined)) patterns.push(patternOf(glob));
    else plain.add(`/${names.join("/")}`);
  }
  return (path) => plain.has(path) || patterns.some((pattern) => pattern.test(path));
}

/** A question to absolute paths: does one of the globs match it, or a directory that it is in? */
export function within(globs: readonly string[]): (path: string) => boolean {
  const isMatch = matcher(globs);
  let last = { directory: "", is: false };
  const isIn = (path: string): boolean => isMatch(path) || (path !== "/" && isInAbove(path));
  const isInAbove = (path: string): boolean => {
    const directory = path.slice(0, path.lastIndexOf("/")) || "/";
    if (last.directory !== directory) last = { directory, is: isIn(directory) };
    return last.is;
  };
  return isIn;
}

/** What is there of an absolute glob; sorted. Nothing is followed by `**`. @throws ErrnoException when a directory may not be read */
export async function expand(glob: string): Promise<string[]> {
  const found = new Set<string>();
  await findBelow("", segmentsOf(glob), found);
  return [...found].sort();
}

/** A glob that is this path and no other. */
export function literally(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** The names in a directory, sorted. Names that are no UTF-8 are kept. @throws ErrnoException */
export function namesIn(directory: string): string[] {
  const names = readdirSync(pathFor(directory));
  const some = names.some((name) => name.includes("\ufffd"));
  const exact = some ? readdirSync(pathFor(directory), { encoding: "buffer" }).map(textOf) : names;
  return exact.sort();
}

export type Entry = { name: string; isDirectory: boolean; isDevice: boolean };

/** What is in a directory; nothing where there is none. @throws ErrnoException when it may not be read */
export async function entriesIn(directory: string): Promise<Entry[]> {
  const path = pathFor(directory === "" ? "/" : directory);
  try {
    const found = await readdir(path, { withFileTypes: true });
    if (!found.some(({ name }) => name.includes("\ufffd"))) return found.map((one) => entryOf(one.name, one));
    const exact = await readdir(path, { withFileTypes: true, encoding: "buffer" });
    return exact.map((one) => entryOf(textOf(one.name), one));
  } catch (failure) {
    if (isAbsence(failure)) return [];
    throw failure;
  }
}

type Kind = { isDirectory(): boolean; isBlockDevice(): boolean; isCharacterDevice(): boolean };

function entryOf(name: string, one: Kind): Entry {
  return { name, isDirectory: one.isDirectory(), isDevice: one.isBlockDevice() || one.isCharacterDevice() };
}

async function findBelow(directory: string, [segment, ...rest]: readonly string[], found: Set<string>): Promise<void> {
  if (segment === undefined) {
    if (await isThere(directory === "" ? "/" : directory)) found.add(directory === "" ? "/" : directory);
    return;
  }
  const plain = plainOf(segment);
  if (plain !== undefined) return findBelow(`${directory}/${plain}`, rest, found);
  const isAny = segment === "**";
  if (isAny && rest.length > 0) await findBelow(directory, rest, found);
  const isMatch = isAny ? undefined : new RegExp(`^${namePatternOf(segment)}$`, "su");
  for (const { name, isDirectory } of await entriesIn(directory)) {
    const path = `${directory}/${name}`;
    if (rest.length === 0 && (!isMatch || isMatch.test(name))) found.add(path);
    if (!isMatch && isDirectory) await findBelow(path, [segment, ...rest], found);
    if (isMatch?.test(name) === true && rest.length > 0) await findBelow(path, rest, found);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(pathFor(path));
    return true;
  } catch (failure) {
    if (isAbsence(failure)) return false;
    throw failure;
  }
}

/** Also below a file there is nothing. */
function isAbsence(failure: unknown): boolean {
  const { code } = failure as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** `**` twice is no more than once. */
function segmentsOf(glob: string): string[] {
  const segments = glob.split("/").filter((segment) => segment !== "");
  return segments.filter((segment, at) => segment !== "**" || segments[at - 1] !== "**");
}

/** The name that a segment is; nothing where it may be several. */
function plainOf(segment: string): string | undefined {
  const quoted = /\[([*?[])\]/g;
  return /[*?[]/.test(segment.replace(quoted, "")) ? undefined : segment.replace(quoted, "$1");
}

function patternOf(glob: string): RegExp {
  const segments = segmentsOf(glob).map((segment, at, { length }) => {
    if (segment !== "**") return `/${namePatternOf(segment)}`;
    return at === length - 1 ? "(?:/[^/]+)+" : "(?:/[^/]+)*";
  });
  return new RegExp(`^${segments.join("")}$`, "su");
}

function namePatternOf(segment: string): string {
  const parts = segment.split(/(\[!?[^\]]+\]|\*+|\?)/);
  return parts
    .map((part) => {
      if (/^\*+$/.test(part)) return "[^/]*";
      if (part === "?") return "[^/]";
      const [, not, set] = /^\[(!?)([^\]]+)\]$/.exec(part) ?? [];
      if (set !== undefined) return `[${not === "!" ? "^/" : ""}${set.replace(/[\\^[\]]/g, "\\$&")}]`;
      return part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    })
    .join("");
}
