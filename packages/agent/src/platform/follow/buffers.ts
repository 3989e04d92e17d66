/** How much is read at once: with more, what is read no longer fits the processor's cache; with less, calls cost more than bytes. */
export const chunkBytes = 128 * 1024;

/** So many blocks are read, or waited for until somebody has taken them, at once; beyond that, others wait for their turn. */
const maxLent = 16;
/** So many buffers are kept for the next one. */
const maxKept = 4;

/** Buffers that all followers share, so that a thousand quiet files need none. */
export class Buffers {
  readonly #bytes: number;
  readonly #waiting = new Set<() => void>();
  #free: Buffer[] = [];
  #lent = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /**
   * Calls with a buffer of `bytes` at least, which is given back when the call has ended. Whoever waits is served in order; nobody
   * is called any more once the signal has aborted.
   */
  async with<T>(bytes: number, signal: AbortSignal, call: (buffer: Buffer) => Promise<T>): Promise<T | undefined> {
    while (this.#lent >= maxLent && !signal.aborted) await this.#turn(signal);
    if (signal.aborted) return undefined;
    this.#lent++;
    const isUsual = bytes <= this.#bytes;
    // Room for a longer line is made for the moment: such lines are rare.
    const buffer = (isUsual ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(isUsual ? this.#bytes : bytes);
    try {
      return await call(buffer);
    } finally {
      this.#lent--;
      if (isUsual && this.#free.length < maxKept) this.#free.push(buffer);
      const [next] = this.#waiting;
      next?.();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        signal.removeEventListener("abort", end);
        this.#waiting.delete(end);
        resolve();
      };
      this.#waiting.add(end);
      signal.addEventListener("abort", end);
    });
  }
}

/** How a reader borrows a buffer; nothing when it may not any more. */
export type Lend = <T>(bytes: number, call: (buffer: Buffer) => Promise<T>) => Promise<T | undefined>;
