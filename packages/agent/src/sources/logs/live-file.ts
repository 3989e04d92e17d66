import { watch, type Stats } from "node:fs";
import { stat, type FileHandle } from "node:fs/promises";
import { OstlerError } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { LineSplitter, type Line } from "../../platform/line-splitter.js";
import { openIfThere } from "../../platform/open-if-there.js";

const chunkBytes = 64 * 1024;
/** Longer lines are clipped. */
export const maxLineBytes = 256 * 1024;
/** How often a followed file is looked at where the file system does not notify. */
const lookMs = 1000;

/**
 * A file that somebody writes to: read up to some place, then followed. When another file takes its place, as at a
 * rotation, the rest of the old one is read and then the new one from its beginning; when it is emptied, it begins anew.
 */
export class LiveFile implements AsyncDisposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #file: FileHandle | undefined;
  #stats: Stats | undefined;
  #isClosed = false;
  #offset = 0;
  #splitter = new LineSplitter(maxLineBytes);

  /** A file that is not there yet is opened when it is followed, and read from its beginning. @throws when it may not be read */
  static async open(path: string, clock: Clock, signal: AbortSignal): Promise<LiveFile> {
    const live = new LiveFile(path, clock, signal);
    await live.#open();
    return live;
  }

  private constructor(path: string, clock: Clock, signal: AbortSignal) {
    this.#path = path;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** What it was when it was opened; nothing while it is not there. */
  get opened(): { file: FileHandle; stats: Stats } | undefined {
    return this.#file && this.#stats && { file: this.#file, stats: this.#stats };
  }

  /** The lines that end before `end`, from where the last call ended, or from `from`. */
  async *upTo(end: number, from = this.#offset): AsyncGenerator<Line[]> {
    this.#offset = from;
    while (this.#offset < end && !this.#signal.aborted) {
      const lines = await this.#read(Math.min(chunkBytes, end - this.#offset));
      if (!lines) return;
      if (lines.length > 0) yield lines;
    }
  }

  /** The line that has no end yet; for who does not wait for it. */
  rest(): Line[] {
    return this.#splitter.rest();
  }

  async *follow(): AsyncGenerator<Line[]> {
    using changes = new Changes(this.#path, this.#clock, this.#signal);
    while (!this.#signal.aborted) {
      yield* this.upTo(Infinity);
      const isReplaced = await this.#isReplaced();
      if (this.#signal.aborted) return;
      if (isReplaced) {
        yield* this.upTo(Infinity); // What came between the two looks.
        yield this.rest();
        await this.#reopen();
        changes.renew();
      } else if (this.#file && (await this.#file.stat()).size < this.#offset) this.#begin();
      else await changes.next();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Nothing at the end of the file. */
  async #read(bytes: number): Promise<Line[] | undefined> {
    if (!this.#file) return undefined;
    const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(bytes), 0, bytes, this.#offset);
    if (bytesRead === 0) return undefined;
    this.#offset += bytesRead;
    return this.#splitter.feed(buffer.subarray(0, bytesRead));
  }

  /** Is there another file at the path? While there is none, as in the middle of a rotation, the old one goes on. */
  async #isReplaced(): Promise<boolean> {
    const there = await stat(this.#path).catch(() => undefined);
    return there !== undefined && (there.ino !== this.#stats?.ino || there.dev !== this.#stats.dev);
  }

  async #reopen(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#begin();
    await this.#open();
  }

  /** A pipe would hold up whoever opens it, so it is looked at first. */
  async #open(): Promise<void> {
    const there = await stat(this.#path).catch(() => undefined); // Opening it says why.
    if (there && !there.isFile()) throw new OstlerError("failed", "it is no regular file");
    const file = await openIfThere(this.#path);
    this.#stats = await file?.stat();
    if (this.#isClosed) await file?.close();
    else this.#file = file;
  }

  #begin(): void {
    this.#offset = 0;
    this.#splitter = new LineSplitter(maxLineBytes);
  }
}

/** Waits for changes of a file: until it is told of one, and never longer than a second. */
class Changes implements Disposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #changed = new AbortController();
  #stopWatching: () => void = () => {};

  constructor(path: string, clock: Clock, signal: AbortSignal) {
    this.#path = path;
    this.#clock = clock;
    this.#signal = signal;
    this.#signal.addEventListener("abort", this.#wake);
    this.renew();
  }

  /** Watches the file that is there now. */
  renew(): void {
    this.#stopWatching();
    try {
      const watcher = watch(this.#path, { persistent: false }, this.#wake);
      watcher.on("error", () => watcher.close()); // The clock still looks.
      this.#stopWatching = () => watcher.close();
    } catch {
      this.#stopWatching = () => {}; // It is not there yet, or cannot be watched: the clock looks.
    }
  }

  async next(): Promise<void> {
    if (!this.#signal.aborted) await this.#clock.sleep(lookMs, this.#changed.signal);
    this.#changed = new AbortController();
  }

  [Symbol.dispose](): void {
    this.#stopWatching();
    this.#signal.removeEventListener("abort", this.#wake);
    this.#wake();
  }

  readonly #wake = (): void => this.#changed.abort();
}
