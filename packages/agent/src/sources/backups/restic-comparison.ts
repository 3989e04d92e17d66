import { lstatSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { within } from "../../platform/archive/path-glob.js";
import { modeOf, nodeIn, type ResticNode } from "../../platform/restic/messages.js";
import { resticError } from "../../platform/restic/trouble.js";

/** So many files that differ are named. */
const maxNamed = 5;
/** A moment loses what is less than this on its way. */
const unitMs = 1;

/** Counts what `ls` tells of a snapshot: the regular files. */
export class SnapshotCount {
  files = 0;
  bytes = 0;

  take(node: ResticNode): void {
    if (node.type !== "file") return;
    this.files++;
    this.bytes += node.size;
  }
}

/** Compares files that were restored into a directory with what `ls` tells of them. What is in them, restic compares itself. */
export class Comparison {
  readonly count = new SnapshotCount();
  readonly #into: string;
  readonly #isChosen: (path: string) => boolean;
  readonly #named: string[] = [];
  #differing = 0;

  constructor(into: string, only: readonly string[] | undefined) {
    this.#into = into;
    this.#isChosen = only ? within(only) : () => true;
  }

  hear(line: string): void {
    const node = nodeIn(line);
    if (!node || !this.#isChosen(node.path)) return;
    this.count.take(node);
    if (node.path.includes("\ufffd")) return; // Its name is no text, and cannot be told in JSON.
    const difference = differenceIn(
      node,
      lstatSync(join(this.#into, node.path), { bigint: true, throwIfNoEntry: false }),
    );
    if (difference === undefined) return;
    this.#differing++;
    if (this.#named.length < maxNamed) this.#named.push(`${node.path} ${difference}`);
  }

  /** @throws OstlerError with the code `damaged`, naming the first files that differ */
  finish(id: string): { files: number; bytes: number } {
    const { files, bytes } = this.count;
    if (this.#differing === 0) return { files, bytes };
    const more = this.#differing > maxNamed ? ` and ${this.#differing - maxNamed} more` : "";
    throw resticError(
      "damaged",
      `What was restored of ${id} is not what was backed up: ${this.#named.join(", ")}${more}.`,
    );
  }
}

function differenceIn(node: ResticNode, stats: BigIntStats | undefined): string | undefined {
  if (node.type === "socket" || node.type === "dev" || node.type === "chardev") return undefined; // Not restored for all.
  if (!stats) return "is missing";
  if (node.type === "symlink") return stats.isSymbolicLink() ? undefined : "is no link";
  const mode = Number(stats.mode & 0o7777n);
  if (mode !== modeOf(node)) return `has mode ${mode.toString(8)} and not ${modeOf(node).toString(8)}`;
  if (node.type === "dir") return stats.isDirectory() ? undefined : "is no directory";
  if (node.type !== "file") return undefined;
  if (!stats.isFile()) return "is no file";
  if (Number(stats.size) !== node.size) return `has ${stats.size} bytes and not ${node.size}`;
  const apartMs = Math.abs(Number(stats.mtimeNs / 1_000_000n) - Date.parse(node.mtime));
  return apartMs > unitMs ? `has another time than ${node.mtime}` : undefined;
}
