import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Files by their paths, relative to a directory; a directory has none for its content. */
export type World = Record<string, string>;

export function makeWorld(directory: string, world: World): void {
  for (const [path, content] of Object.entries(world)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

/** Everything that is in a directory: empty directories end in `/`, links begin with an arrow. */
export function seenWorld(directory: string, below = directory): World {
  const entries = readdirSync(below).toSorted();
  if (entries.length === 0 && below !== directory) return { [`${relative(directory, below)}/`]: "" };
  return Object.assign({}, ...entries.map((name) => seenEntry(directory, join(below, name)))) as World;
}

function seenEntry(directory: string, path: string): World {
  const stats = lstatSync(path);
  if (stats.isDirectory()) return seenWorld(directory, path);
  return {
    [relative(directory, path)]: stats.isSymbolicLink() ? `→ ${readlinkSync(path)}` : readFileSync(path, "utf8"),
  };
}
