import type { ManifestFile } from "../../core/backup/manifest.js";
import { archiveFailure } from "./job.js";
import { shown } from "./path-bytes.js";

/** How many differences a failure names. */
const maxTold = 5;

const compared = ["type", "size", "mode", "uid", "gid", "mtime", "sha256", "target"] as const;

/** Compares what is found in an archive with its manifest, both ways. What is found last under a name counts. */
export class Comparison {
  readonly #files: ReadonlyMap<string, ManifestFile>;
  readonly #isMeant: (path: string) => boolean;
  readonly #seen = new Set<string>();
  readonly #wrong = new Map<string, string>();

  constructor(files: ReadonlyMap<string, ManifestFile>, isMeant: (path: string) => boolean = () => true) {
    this.#files = files;
    this.#isMeant = isMeant;
  }

  readonly found = (file: ManifestFile): void => {
    if (!this.#isMeant(file.path)) return;
    this.#seen.add(file.path);
    const difference = differenceOf(this.#files.get(file.path), file);
    if (difference === undefined) this.#wrong.delete(file.path);
    else this.#wrong.set(file.path, difference);
  };

  /** @throws OstlerError `damaged`, with the first differences */
  end(id: string): void {
    for (const path of this.#files.keys())
      if (this.#isMeant(path) && !this.#seen.has(path)) this.#wrong.set(path, "is missing");
    if (this.#wrong.size === 0) return;
    const told = [...this.#wrong].slice(0, maxTold).map(([path, what]) => `${shown(path)} ${what}`);
    const more = this.#wrong.size > maxTold ? `; and ${this.#wrong.size - maxTold} more` : "";
    throw archiveFailure("damaged", `${id} is not what its manifest says: ${told.join("; ")}${more}.`);
  }
}

/** In what a file is not what is said of it; nothing when it is. */
export function differenceOf(said: ManifestFile | undefined, found: ManifestFile): string | undefined {
  if (!said) return "is not in the manifest";
  const key = compared.find((each) => said[each] !== found[each]);
  if (key === undefined) return undefined;
  return key === "sha256" ? "has other content" : `has ${key} ${found[key]} instead of ${said[key]}`;
}
