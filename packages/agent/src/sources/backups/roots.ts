import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileOf, headerOf } from "../../core/backup/manifest.js";
import { matcher } from "../../platform/archive/path-glob.js";
import { manifestName } from "../../core/backup/shelf-names.js";

/** The uppermost paths of a backup, absolute, that match what was backed up, or `only`; what is in them comes with them. */
export async function rootsIn(directory: string, id: string, only: readonly string[] | undefined): Promise<string[]> {
  const lines = createInterface({ input: createReadStream(join(directory, manifestName(id))), crlfDelay: Infinity });
  let matches: ((path: string) => boolean) | undefined;
  const roots = new Set<string>();
  for await (const line of lines) {
    if (!matches) {
      matches = matcher(only ?? headerOf(line).paths);
      continue;
    }
    const file = fileOf(line);
    if (!file) continue;
    const path = `/${file.path}`;
    if (!aboveOf(path).some((above) => roots.has(above)) && matches(path)) roots.add(path);
  }
  return [...roots];
}

function aboveOf(path: string): string[] {
  const names = path.split("/").slice(1, -1);
  return names.map((_, at) => `/${names.slice(0, at + 1).join("/")}`);
}
