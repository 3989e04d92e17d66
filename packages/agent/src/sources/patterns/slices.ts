import type { Chunk } from "./chunk.js";

/** What takes longer than this at one blow is cut smaller, so that others have their turn. */
const maxTookMs = 20;
const minSliceBytes = 2048;
const maxSliceBytes = 1024 * 1024;
const firstSliceBytes = 16 * 1024;

const newline = 0x0a;

/** Cuts chunks at ends of lines into slices that can be looked at at one blow: smaller ones as long as that is slow. */
export class Slices {
  #bytes = firstSliceBytes;

  /** The slices of a chunk, one after the other. */
  *of(chunk: Chunk): Generator<Chunk> {
    const { bytes } = chunk;
    for (let from = 0; from < bytes.length;) {
      const newlineAt = from + this.#bytes >= bytes.length ? -1 : bytes.indexOf(newline, from + this.#bytes - 1);
      const to = newlineAt < 0 ? bytes.length : newlineAt + 1;
      yield from === 0 && to === bytes.length ? chunk : sliceOf(chunk, from, to);
      from = to;
    }
  }

  /** How long the last one took. Says whether others are to have their turn now. */
  took(ms: number): boolean {
    const isSlow = ms > maxTookMs;
    if (isSlow) this.#bytes = Math.max(minSliceBytes, this.#bytes / 2);
    else if (ms < maxTookMs / 4) this.#bytes = Math.min(maxSliceBytes, this.#bytes * 2);
    return ms > maxTookMs / 4;
  }
}

function sliceOf({ bytes, keyAt, positionAt, isClippedAt, ...rest }: Chunk, from: number, to: number): Chunk {
  return {
    ...rest,
    bytes: bytes.subarray(from, to),
    keyAt: (start) => keyAt(from + start),
    positionAt: (start) => positionAt(from + start),
    isClippedAt: (start) => isClippedAt(from + start),
  };
}
