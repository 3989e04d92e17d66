import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { LineSplitter } from "./line-splitter.js";
import { openIfThere } from "./open-if-there.js";

const chunkBytes = 64 * 1024;
/** Of a longer line only the beginning is looked at. */
const maxLineBytes = 16 * 1024;

/** What is added to a spool from some place on, line by line. Between two looks no file is open. */
export class SpoolLines {
  readonly #path: string;
  #offset: number;
  #splitter = new LineSplitter(maxLineBytes);

  constructor(path: string, offset: number) {
    this.#path = path;
    this.#offset = offset;
  }

  /**
   * Lines that have come since the last look, some at once; with `last` also one that has no end yet. It ends although
   * somebody goes on writing, and goes on from the beginning of a spool that was emptied to give back its space.
   */
  async *more(last: boolean, signal: AbortSignal): AsyncGenerator<string[]> {
    const file = await openIfThere(this.#path);
    if (!file) return;
    try {
      const { size } = await file.stat();
      if (size < this.#offset) {
        this.#offset = 0;
        this.#splitter = new LineSplitter(maxLineBytes);
      }
      while (this.#offset < size && !signal.aborted) {
        const wanted = Math.min(chunkBytes, size - this.#offset);
        const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        yield this.#splitter.feed(buffer.subarray(0, bytesRead)).map(({ text }) => text);
      }
      if (last) yield this.#splitter.rest().map(({ text }) => text);
    } finally {
      await file.close();
    }
  }
}

/** Where the line begins that has no end yet; the end of a spool whose last line is longer than what is looked at of one. */
export function startOfLastLine(path: string): number {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const start = Math.max(0, size - maxLineBytes);
    const buffer = Buffer.alloc(size - start);
    const end = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start)).lastIndexOf(0x0a);
    if (end >= 0) return start + end + 1;
    return start === 0 ? 0 : size;
  } finally {
    closeSync(file);
  }
}
