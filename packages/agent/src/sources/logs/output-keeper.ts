import { execFile } from "node:child_process";
import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf, type Sample } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { givingBack, type OutputLimits, type Spool } from "./give-back.js";
import type { OutputTimes } from "./output-times.js";

export type OutputKeeperDeps = {
  clock: Clock;
  times: OutputTimes;
  /** As they are configured now. */
  limits: () => OutputLimits;
  sample: (sample: Sample) => void;
  lost: (file: string, reason: string) => void;
};

const everyMs = 5000;
const blockBytes = 512;

/**
 * Looks after the spools: notes when they grew, and keeps them from filling the disk. The writer appends and never notices:
 * the beginning of its file is given back to the file system as a hole, so that no line is lost between reading and
 * freeing, as it would be by truncating.
 */
export class OutputKeeper implements AsyncDisposable {
  readonly #deps: OutputKeeperDeps;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** What could not be done to a spool, so that the same is told once. */
  readonly #told = new Map<string, string>();

  constructor(directory: string, deps: OutputKeeperDeps) {
    this.#deps = deps;
    this.#done = this.#run(directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(directory: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#deps.clock.sleep(everyMs, this.#stop.signal);
      const names = await readdir(directory).catch(() => []); // Nothing was ever written.
      const spools: Spool[] = [];
      for (const name of names) await this.#look(name, join(directory, name), spools);
      for (const { spool, keptBytes } of givingBack(spools, this.#deps.limits()))
        await this.#trying(spool.name, () => this.#giveBack(spool, join(directory, spool.name), keptBytes));
      await this.#trying("times of what is gone", () => this.#deps.times.keepOnly(names));
    }
  }

  async #look(name: string, path: string, spools: Spool[]): Promise<void> {
    await this.#trying(`size of ${name}`, async () => {
      const { size, blocks, mtimeMs } = await stat(path);
      spools.push({ name, size, occupied: blocks * blockBytes });
      await this.#trying(`times of ${name}`, () => this.#deps.times.note(name, size, mtimeMs));
    });
  }

  async #giveBack({ name, size, occupied }: Spool, path: string, keptBytes: number): Promise<void> {
    const before = size - keptBytes;
    await freeBefore(path, before);
    const left = (await stat(path)).blocks * blockBytes;
    if (left < occupied) {
      this.#tellFreed(name, occupied - left);
      return this.#deps.times.freed(name, before);
    }
    await truncate(path, 0);
    this.#tellFreed(name, occupied);
    this.#deps.lost(name, "the file system can free only whole files, so all of it was dropped");
  }

  #tellFreed(name: string, bytes: number): void {
    const [service = "", process = "", stream = ""] = name.split(".");
    this.#deps.sample({ type: "output.freed", service, process, stream, bytes });
  }

  async #trying(name: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.#told.delete(name);
    } catch (failure) {
      const reason = messageOf(failure);
      if (this.#told.get(name) !== reason) this.#deps.lost(name, reason);
      this.#told.set(name, reason);
    }
  }
}

/** fallocate(1) is part of util-linux. Where the file system knows no holes it fails, and the caller sees it by the size. */
async function freeBefore(path: string, offset: number): Promise<void> {
  await promisify(execFile)("fallocate", ["--punch-hole", "--offset", "0", "--length", String(offset), path]).catch(
    () => undefined,
  );
}
