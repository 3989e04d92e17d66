import type { Stats } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { countLines } from "../../core/lines/count-lines.js";
import { newStop } from "../../core/stop.js";

/** Where a forwarded file was at some moment: all that was written by then, and nothing of what came later. */
export type ForwardMark = { inode: number; bytes: number };
/** The file, how large it may become, and how many renamed ones are kept. */
export type Rotation = { file: string; max_size: number; keep: number };
export type ForwardFileDeps = {
  clock: Clock;
  failed: (reason: string) => void;
  recovered: (lostLines: number) => void;
};

/** What one file could not take any more, for the next one: whole lines, and how many others were left out. */
export type Unwritten = { lines: Uint8Array; lostLines: number };

/** So much waits for a disk that does not keep up; then whoever forwards waits, or, when the disk fails, lines are left out and counted. */
export const maxQueuedBytes = 1024 * 1024;
const retryMs = 1000;

/** A file that lines are appended to, and that is renamed to FILE.1, and so on, when it has become too large. */
export class ForwardFile implements AsyncDisposable {
  readonly #config: Rotation;
  readonly #deps: ForwardFileDeps;
  readonly #stop = newStop();
  #file: FileHandle;
  #inode: number;
  #bytes: number;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #lostLines = 0;

  /**
   * Opens the file. What stands in it behind the mark was written by an agent that was killed before it could save how far it
   * had come; it is cut off, because its lines come again. @throws when it cannot be opened
   */
  static async open(config: Rotation, mark: ForwardMark | undefined, deps: ForwardFileDeps): Promise<ForwardFile> {
    if (mark) await goBack(config, mark);
    return new ForwardFile(config, deps, await openToAppend(config.file));
  }

  private constructor(config: Rotation, deps: ForwardFileDeps, { file, inode, bytes }: Opened) {
    this.#config = config;
    this.#deps = deps;
    this.#file = file;
    this.#inode = inode;
    this.#bytes = bytes;
  }

  /** What is left when it was disposed of while the disk failed. */
  get unwritten(): Unwritten {
    return { lines: Buffer.concat(this.#queue), lostLines: this.#lostLines };
  }

  /** Goes on with what another one has left. */
  takeOver({ lines, lostLines }: Unwritten): void {
    this.#lostLines += lostLines;
    if (lines.length > 0 || lostLines > 0) this.write(lines);
  }

  /** Where the file is when nothing waits to be written. */
  get mark(): ForwardMark {
    return { inode: this.#inode, bytes: this.#bytes };
  }

  /** Is anything of what was taken not in the file yet? */
  get isBehind(): boolean {
    return this.#queuedBytes > 0;
  }

  /** Takes whole lines; they may be used again when this returns. */
  write(lines: Uint8Array): void {
    if (this.#isFailing && this.#queuedBytes + lines.length > maxQueuedBytes) {
      this.#lostLines += countLines(lines);
      return;
    }
    this.#queue.push(Uint8Array.from(lines));
    this.#queuedBytes += lines.length;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Resolves when there is room for more: at once, unless the disk is slower than what is written. */
  async room(): Promise<void> {
    while (this.#queuedBytes >= maxQueuedBytes && !this.#isFailing && this.#writing) await this.#writing;
  }

  /** Resolves when all that was taken is in the file, or cannot be for now. True when it is. */
  async flush(): Promise<boolean> {
    while (this.#writing && !this.#isFailing)
      await Promise.race([this.#writing, this.#deps.clock.sleep(retryMs, this.#stop.signal)]);
    return this.#queuedBytes === 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.#stop.abort();
    await this.#writing;
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = Buffer.concat(this.#queue);
      const parts = this.#queue.length;
      try {
        await this.#append(batch);
      } catch (failure) {
        if (this.#stop.signal.aborted) return;
        if (!this.#isFailing) this.#deps.failed(messageOf(failure));
        this.#isFailing = true;
        await this.#deps.clock.sleep(retryMs, this.#stop.signal);
        if (this.#stop.signal.aborted) return;
        continue;
      }
      this.#queue.splice(0, parts);
      this.#queuedBytes -= batch.length;
      if (!this.#isFailing && this.#lostLines === 0) continue;
      this.#isFailing = false;
      this.#deps.recovered(this.#lostLines);
      this.#lostLines = 0;
    }
  }

  /** All of it or nothing: what a full disk took of it is cut off again. */
  async #append(batch: Buffer): Promise<void> {
    await this.#look();
    if (this.#bytes > 0 && this.#bytes + batch.length > this.#config.max_size) await this.#rotate();
    try {
      for (let written = 0; written < batch.length;)
        written += (await this.#file.write(batch, written, batch.length - written)).bytesWritten;
    } catch (failure) {
      await this.#file.truncate(this.#bytes).catch(() => undefined); // What failed first says more.
      throw failure;
    }
    this.#bytes += batch.length;
  }

  /** Somebody else may have moved the file, removed it, or emptied it. */
  async #look(): Promise<void> {
    const stats = await statsOf(this.#config.file);
    if (stats?.ino === this.#inode) this.#bytes = stats.size;
    else await this.#goOver(await openToAppend(this.#config.file));
  }

  /** The next file is there before anything is renamed: where it cannot be, all stays as it is. */
  async #rotate(): Promise<void> {
    const { file } = this.#config;
    const fresh = `${file}.new`;
    await rm(fresh, { force: true });
    const next = await openToAppend(fresh);
    try {
      await makeRoom(this.#config);
      await rename(fresh, file);
    } catch (failure) {
      await next.file.close();
      throw failure;
    }
    await this.#goOver(next);
  }

  async #goOver({ file, inode, bytes }: Opened): Promise<void> {
    const before = this.#file;
    this.#file = file;
    this.#inode = inode;
    this.#bytes = bytes;
    await before.close();
  }
}

type Opened = ForwardMark & { file: FileHandle };

async function openToAppend(path: string): Promise<Opened> {
  const file = await open(path, "a", 0o640);
  try {
    const { ino, size } = await file.stat();
    return { file, inode: ino, bytes: size };
  } catch (failure) {
    await file.close();
    throw failure;
  }
}

/** Renames the file and the older ones, up to the first number that is free; what failed before goes on where it was. */
async function makeRoom({ file, keep }: Rotation): Promise<void> {
  if (keep === 0 || !(await statsOf(file))) return;
  let free = 1;
  while (free < keep && (await statsOf(`${file}.${free}`))) free++;
  for (let at = free; at > 1; at--) await rename(`${file}.${at - 1}`, `${file}.${at}`);
  await rename(file, `${file}.1`);
}

/** Makes the file what it was at the mark, also when it was renamed since. A mark that is nowhere says nothing. */
async function goBack({ file, keep }: { file: string; keep: number }, { inode, bytes }: ForwardMark): Promise<void> {
  for (let at = 0; at <= keep; at++) {
    const path = at === 0 ? file : `${file}.${at}`;
    const stats = await stat(path).catch(() => undefined); // Not there, or not to be seen: opening it tells.
    if (stats?.ino !== inode || stats.size < bytes) continue;
    const marked = await open(path, "r+");
    try {
      await marked.truncate(bytes);
    } finally {
      await marked.close();
    }
    if (at === 0) return;
    // What was begun after it holds only lines that come again; the others go back by as many places.
    await rename(path, file);
    for (let newer = 1; newer < at; newer++) await rm(`${file}.${newer}`, { force: true });
    for (let older = at + 1; older <= keep; older++) await renameIfThere(`${file}.${older}`, `${file}.${older - at}`);
    return;
  }
}

/** @throws ErrnoException unless it is only not there */
async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
    return undefined;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
  });
}
