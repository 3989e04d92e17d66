import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";

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

/**
 * The files that match a glob with an absolute path: `*` and `?` are any characters of a name, `[abc]` and `[!a-z]` one of some, and
 * `**` any number of directories. Names that begin with a dot only match what does so, too. Directories that are not there have none.
 * @throws ErrnoException when a directory may not be read
 */
export async function filesMatching(glob: string): Promise<string[]> {
  const [, ...segments] = glob.split(sep);
  return walk("/", segments, 0);
}

async function walk(directory: string, [segment, ...rest]: readonly string[], depth: number): Promise<string[]> {
  if (segment === undefined) return [];
  if (!isGlob(segment)) {
    if (rest.length > 0) return walk(join(directory, segment), rest, depth);
    return (await entriesOf(directory)).some(({ name }) => name === segment) ? [join(directory, segment)] : [];
  }
  const entries = await entriesOf(directory);
  const found: string[] = [];
  if (segment === "**") {
    found.push(...(await walk(directory, rest, depth)));
    for (const entry of entries)
      if (entry.isDirectory() && !entry.name.startsWith(".") && depth < maxDepth)
        found.push(...(await walk(join(directory, entry.name), ["**", ...rest], depth + 1)));
    return [...new Set(found)];
  }
  const pattern = patternOf(segment);
  for (const entry of entries) {
    if (!pattern.test(entry.name) || (entry.name.startsWith(".") && !segment.startsWith("."))) continue;
    if (rest.length > 0) found.push(...(await walk(join(directory, entry.name), rest, depth)));
    else if (!entry.isDirectory()) found.push(join(directory, entry.name));
  }
  return found;
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw failure;
  }
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
