import { getSystemErrorMap } from "node:util";
import type { BackupFlaws } from "@ostler/protocol";
import { messageIn, type ResticArchivalError } from "../../platform/restic/messages.js";

/** So many paths are told of each flaw. */
const maxTold = 20;
const notThere = 2;

/** Hears what restic complains of while it makes a backup, and makes flaws of it. restic does not tell what changed meanwhile. */
export class ResticFlaws {
  readonly #vanished = new Set<string>();
  readonly #skipped = new Map<string, string>();

  constructor(links: readonly string[]) {
    for (const path of links) this.#skipped.set(path, "a link: what it points to is not in it");
  }

  hear(line: string): void {
    const gone = /^(\/.*) does not exist, skipping$/.exec(line)?.[1];
    if (gone !== undefined) return this.#take(this.#vanished, gone);
    const message = messageIn(line);
    if (message?.message_type !== "error") return;
    const { item, error } = message;
    if (error.Err === notThere || (error.message ?? "").includes("no such file")) this.#take(this.#vanished, item);
    else if (this.#skipped.size < maxTold) this.#skipped.set(item, reasonIn(error));
  }

  all(files: number): BackupFlaws {
    const skipped = [...this.#skipped].map(([path, reason]) => `${path}: ${reason}`).slice(0, maxTold);
    return { isEmpty: files === 0, changed: [], vanished: [...this.#vanished], skipped };
  }

  #take(paths: Set<string>, path: string): void {
    if (paths.size < maxTold) paths.add(path);
  }
}

function reasonIn({ Err: number, message }: ResticArchivalError["error"]): string {
  const words = typeof number === "number" ? getSystemErrorMap().get(-number)?.[1] : undefined;
  return words ?? message ?? "cannot be read";
}
