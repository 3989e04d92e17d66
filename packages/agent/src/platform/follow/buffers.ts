/** How much is read at once: with more, what is read no longer fits the processor's cache; with less, calls cost more than bytes. */
export const chunkBytes = 128 * 1024;

/** So many blocks are read, or waited for until somebody has taken them, at once; beyond that, each share has one, and others wait. */
const maxLent = 16;
/** So many buffers are kept for the next one. */
const maxKept = 4;

type Waiting = { share: Buffers; goOn: () => void };

/** Buffers that all followers share, so that a thousand quiet files need none. */
export class BufferPool {
  readonly bytes: number;
  readonly #waiting = new Set<Waiting>();
  #free: Buffer[] = [];
  #lent = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** For those who may hold up each other, and nobody else: whatever others do, they have one buffer. */
  share(): Buffers {
    return new Buffers(this);
  }

  /** Whoever waits is served in order. Nothing once the signal has aborted. */
  async borrow(share: Buffers, bytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
    while (!this.#mayLend(share) && !signal.aborted) await this.#turn(share, signal);
    if (signal.aborted) return undefined;
    this.#lent++;
    share.lent++;
    // Room for a longer line is made for the moment: such lines are rare.
    if (bytes > this.bytes) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  giveBack(share: Buffers, buffer: Buffer): void {
    this.#lent--;
    share.lent--;
    if (buffer.length === this.bytes && this.#free.length < maxKept) this.#free.push(buffer);
    for (const one of this.#waiting) if (this.#mayLend(one.share)) return one.goOn();
  }

  #mayLend({ lent }: Buffers): boolean {
    return lent === 0 || this.#lent < maxLent;
  }

  async #turn(share: Buffers, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        signal.removeEventListener("abort", goOn);
        this.#waiting.delete(one);
        resolve();
      };
      const one = { share, goOn };
      this.#waiting.add(one);
      signal.addEventListener("abort", goOn);
    });
  }
}

/** A share of the pool. */
export class Buffers {
  readonly #pool: BufferPool;
  lent = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Calls with a buffer of `bytes` at least, which is given back when the call has ended; not any more once the signal has aborted. */
  async with<T>(bytes: number, signal: AbortSignal, call: (buffer: Buffer) => Promise<T>): Promise<T | undefined> {
    const buffer = await this.#pool.borrow(this, bytes, signal);
    if (!buffer) return undefined;
    try {
      return await call(buffer);
    } finally {
      this.#pool.giveBack(this, buffer);
    }
  }
}

/** How a reader borrows a buffer; nothing when it may not any more. */
export type Lend = <T>(bytes: number, call: (buffer: Buffer) => Promise<T>) => Promise<T | undefined>;
