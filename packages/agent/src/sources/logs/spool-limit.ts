import { execFile } from "node:child_process";
import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";

export type SpoolLimitDeps = { clock: Clock; lost: (file: string, reason: string) => void };

/** A spool may occupy this much of the disk; beyond it, its oldest part is given back. */
export const maxSpoolBytes = 64 * 1024 * 1024;
const keptBytes = 48 * 1024 * 1024;
const everyMs = 5000;
const blockBytes = 512;

/**
 * Keeps spool files from filling the disk. The writer appends and never notices: the beginning of its file is given back
 * to the file system as a hole, so that no line is lost between reading and freeing, as it would be by truncating.
 */
export class SpoolLimit implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(directory: string, deps: SpoolLimitDeps) {
    this.#done = this.#run(directory, deps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(directory: string, { clock, lost }: SpoolLimitDeps): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await clock.sleep(everyMs, this.#stop.signal);
      const names = await readdir(directory).catch(() => []); // Nothing was ever written.
      for (const name of names) await limit(join(directory, name), (reason) => lost(name, reason));
    }
  }
}

async function limit(path: string, lost: (reason: string) => void): Promise<void> {
  try {
    const { size, blocks } = await stat(path);
    if (blocks * blockBytes <= maxSpoolBytes) return;
    await freeBefore(path, size - keptBytes);
    const after = await stat(path);
    if (after.blocks * blockBytes <= maxSpoolBytes) return;
    await truncate(path, 0);
    lost("the file system can free only whole files, so all of it was dropped");
  } catch (failure) {
    lost(messageOf(failure));
  }
}

/** fallocate(1) is part of util-linux. Where the file system knows no holes it fails, and the caller sees it by the size. */
async function freeBefore(path: string, offset: number): Promise<void> {
  await promisify(execFile)("fallocate", ["--punch-hole", "--offset", "0", "--length", String(offset), path]).catch(
    () => undefined,
  );
}
