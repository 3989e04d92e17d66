import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Stage } from "./stages.js";

/** So much may wait for the first stage, so that it always has something to do. */
const maxQueuedBytes = 512 * 1024;

/** The way of bytes through stages into their end. A failure anywhere on it is that of whoever writes. */
export class Sink {
  readonly #entrance: Writable;
  readonly #done: Promise<unknown>;
  #failure: { of: unknown } | undefined;
  #stuck: ((failure: unknown) => void) | undefined;

  /** `over` resolves when the end has taken everything; a file has, when that was written. */
  constructor(end: Writable, stages: readonly Stage[], over?: Promise<void>) {
    this.#entrance = stages[0]?.input ?? end;
    const finished = over ?? new Promise<void>((resolve, reject) => end.once("finish", resolve).once("error", reject));
    const ways = stages.map(({ output }, at) => pipeline(output, stages[at + 1]?.input ?? end).catch(unlessEnded));
    this.#done = Promise.all([finished, ...ways, ...stages.map(({ done }) => done)]);
    this.#done.catch((failure: unknown) => {
      this.#failure = { of: failure };
      this.#stuck?.(failure);
    });
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure.of;
    if (this.#entrance.write(bytes) || this.#entrance.writableLength < maxQueuedBytes) return;
    await new Promise<void>((resolve, reject) => {
      this.#stuck = reject;
      this.#entrance.once("drain", resolve);
    });
  }

  async end(): Promise<void> {
    this.#entrance.end();
    await this.#done;
  }
}

/** Whatever takes no more has ended: its end tells why. */
function unlessEnded(failure: unknown): void {
  const { code } = failure as NodeJS.ErrnoException;
  if (code !== "EPIPE" && code !== "ECONNRESET" && code !== "ERR_STREAM_PREMATURE_CLOSE") throw failure;
}
