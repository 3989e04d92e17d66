import { createReadStream } from "node:fs";
import { join } from "node:path";
import { fileOf, headerOf, maxHeaderBytes } from "../../core/backup/manifest.js";
import { manifestName } from "../../core/backup/shelf-names.js";
import { within } from "../../platform/archive/path-glob.js";
import { LineSplitter } from "../../platform/line-splitter.js";
import { above } from "./restic-selection.js";

/** The uppermost paths of a backup, absolute, that match what was backed up, or `only`; what is in them comes with them. */
export async function rootsIn(directory: string, id: string, only: readonly string[] | undefined): Promise<string[]> {
  const splitter = new LineSplitter(maxHeaderBytes);
  const roots = new Set<string>();
  let isMeant: ((path: string) => boolean) | undefined;
  for await (const chunk of createReadStream(join(directory, manifestName(id))))
    for (const { text } of splitter.feed(chunk as Buffer)) {
      if (!isMeant) {
        isMeant = within(only ?? headerOf(text).paths);
        continue;
      }
      const file = fileOf(text);
      if (!file) continue;
      const path = `/${file.path}`;
      if (isMeant(path) && !above(path).some((one) => roots.has(one))) roots.add(path);
    }
  return [...roots];
}
