import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small file system that only those see who are started through its wrapper. It lasts until it is disposed of. */
export class SmallDisk implements AsyncDisposable {
  /** Where it is for those who see it. */
  readonly directory: string;
  readonly #holder: ChildProcess;

  static async mount(size: string): Promise<SmallDisk> {
    const directory = mkdtempSync(join(tmpdir(), "ostler-disk-"));
    const script = `mount -t tmpfs -o "size=$2" tmpfs "$1" && echo mounted && exec cat`;
    const holder = spawn(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-c", script, "sh", directory, size],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const disk = new SmallDisk(directory, holder);
    const word = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
    if (String(word[0]) === "mounted\n") return disk;
    await disk[Symbol.asyncDispose]();
    throw new Error("The small disk could not be mounted.");
  }

  private constructor(directory: string, holder: ChildProcess) {
    this.directory = directory;
    this.#holder = holder;
  }

  /** Where it is for everybody. */
  get seen(): string {
    return `/proc/${this.#holder.pid}/root${this.directory}`;
  }

  /** What starts a program that sees it. */
  get wrapper(): string[] {
    return ["nsenter", "--target", String(this.#holder.pid), "--mount", "--"];
  }

  /** Leaves room for nothing but names. */
  fill(): void {
    const filler = openSync(join(this.seen, "filler"), "a");
    const block = Buffer.alloc(1024 * 1024);
    try {
      for (;;) writeSync(filler, block);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== "ENOSPC") throw failure;
    } finally {
      closeSync(filler);
    }
  }

  makeRoom(): void {
    rmSync(join(this.seen, "filler"), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode === null && this.#holder.signalCode === null) {
      const ended = once(this.#holder, "exit");
      this.#holder.kill("SIGKILL");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
