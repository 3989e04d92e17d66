/** Gathers parts of chunks that are passed on, so that neighbours are written as one. */
export class Gather {
  #parts: Buffer[] = [];
  #of: ArrayBufferLike | undefined;
  #from = 0;
  #to = 0;

  readonly add = (bytes: Buffer): void => {
    if (bytes.buffer !== this.#of || bytes.byteOffset !== this.#to) {
      this.#close();
      this.#of = bytes.buffer;
      this.#from = bytes.byteOffset;
    }
    this.#to = bytes.byteOffset + bytes.length;
  };

  /** What was gathered since the last time, in order. */
  take(): Buffer[] {
    this.#close();
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  #close(): void {
    if (this.#of) this.#parts.push(Buffer.from(this.#of, this.#from, this.#to - this.#from));
    this.#of = undefined;
  }
}
