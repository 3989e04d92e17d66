import { execFile } from "node:child_process";
import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf, type Sample } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { occupiedBy, type Forwarded } from "./forwarded.js";
import { besideForwarded, givingBack, type OutputLimits, type Spool } from "./give-back.js";
import type { OutputTimes } from "./output-times.js";

export type OutputKeeperDeps = {
  clock: Clock;
  times: OutputTimes;
  /** As they are configured now. */
  limits: () => OutputLimits;
  /** The files that lines are forwarded to: they are part of what all together may occupy. */
  forwarded: () => readonly Forwarded[];
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
      let forwardedBytes = 0;
      await this.#trying("size of forwarded files", async () => {
        forwardedBytes = await occupiedBy(this.#deps.forwarded());
      });
      for (const { spool, keptBytes } of givingBack(spools, besideForwarded(this.#deps.limits(), forwardedBytes)))
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

  async #giveBack({ name, size }: Spool, path: string, keptBytes: number): Promise<void> {
    const was = await stat(path);
    if (was.size < size) return; // It was emptied since; the next look sees how large it is.
    const before = size - keptBytes;
    if (await freeBefore(path, before)) {
      const is = await stat(path);
      // What was written meanwhile occupies something, too.
      const written = is.size - was.size;
      this.#tellFreed(name, Math.max(0, (was.blocks - is.blocks) * blockBytes + written));
      return this.#deps.times.freed(name, before);
    }
    await truncate(path, 0);
    this.#tellFreed(name, was.blocks * blockBytes);
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

/** The host may have no room for a process at this moment; then it is tried again at the next look. */
const transient = ["EAGAIN", "ENOMEM", "EMFILE", "ENFILE"];

/**
 * Frees what stands before an offset; false where that cannot be had, as in a file system that knows no holes. fallocate(1)
 * is part of util-linux. How much the file occupies would not tell: somebody writes to it. @throws what may pass
 */
async function freeBefore(path: string, offset: number): Promise<boolean> {
  try {
    await promisify(execFile)("fallocate", ["--punch-hole", "--offset", "0", "--length", String(offset), path]);
    return true;
  } catch (failure) {
    const { code } = failure as { code?: unknown };
    if (typeof code === "string" && transient.includes(code)) throw failure;
    return false; // The caller tells what that means.
  }
}
