import { basename, dirname, join } from "node:path";
import type { AccessOf } from "./access.js";
import { filesMatching, type Matching } from "./glob.js";
import { packingOf } from "./packing.js";
import { rotationOf } from "./rotation-names.js";

/** The logs that match a glob, without what others of the same directory became when they were rotated: whoever reads these finds it. */
export async function logFiles(glob: string, accessOf?: AccessOf): Promise<Matching> {
  const { paths, faults } = await filesMatching(glob, accessOf);
  return { paths: withoutRotated(paths), faults };
}

const dateInside = /[._-](?:\d{4}-\d\d-\d\d|\d{8})[-\dT:._+Z]*(?=\.[^.]*$)/;

function withoutRotated(paths: readonly string[]): string[] {
  const all = new Set(paths);
  return paths.filter((path) => {
    const [directory, name] = [dirname(path), basename(path)];
    if (packingOf(name)) return false;
    for (let end = 1; end < name.length; end++) {
      const base = name.slice(0, end);
      if (all.has(join(directory, base)) && rotationOf(base, name)) return false;
    }
    const undated = name.replace(dateInside, "");
    return undated === name || !all.has(join(directory, undated)) || rotationOf(undated, name) === undefined;
  });
}
