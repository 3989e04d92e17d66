import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Its image is a sparse file. */
const size = "64M";

/** A file system that can be frozen, so that whoever writes to it hangs, and cannot even be killed. Seen as a SmallDisk is. */
export class FreezingDisk implements AsyncDisposable {
  /** Where it is for those who see it. */
  readonly directory: string;
  readonly #holder: ChildProcess;

  /** Nothing where this host has no loop devices for us. @throws Error where a program is missing */
  static async mount(): Promise<FreezingDisk | undefined> {
    const directory = mkdtempSync(join(tmpdir(), "ostler-disk-"));
    const make = `command -v fsfreeze && truncate -s ${size} "$1.image" && mkfs.ext4 -q "$1.image"`;
    const { status, stderr } = spawnSync("sh", ["-c", make, "sh", directory], { encoding: "utf8" });
    if (status !== 0) throw new Error(`A file system that can be frozen could not be made: ${stderr}`);
    // Whatever happens to the test: it is thawed when that is gone.
    const script = `trap "" INT TERM; mount -o loop "$1.image" "$1" && echo mounted && { cat; fsfreeze -u "$1"; umount -l "$1"; }`;
    const holder = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", directory], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const disk = new FreezingDisk(directory, holder);
    const word = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
    if (String(word[0]) === "mounted\n") return disk;
    await disk[Symbol.asyncDispose]();
    return undefined;
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

  freeze(): void {
    this.#run("--freeze");
  }

  thaw(): void {
    this.#run("--unfreeze");
  }

  #run(what: string): void {
    const [program = "", ...args]: string[] = [...this.wrapper, "fsfreeze", what, this.directory];
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`fsfreeze ${what} failed: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode === null && this.#holder.signalCode === null) {
      const ended = once(this.#holder, "exit");
      this.#holder.stdin?.end();
      await ended;
    }
    for (const path of [this.directory, `${this.directory}.image`]) rmSync(path, { recursive: true, force: true });
  }
}
