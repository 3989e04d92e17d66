/** The end of a stream: the last `maxBytes` of it, however much there was. */
export class Tail {
  readonly #maxBytes: number;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #clipped = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Something was lost at the beginning. */
  get clipped(): boolean {
    return this.#clipped || this.#keptBytes > this.#maxBytes;
  }

  readonly take = (chunk: Buffer): void => {
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
    // Twice as much may gather, so that a stream of small chunks is not copied for each of them.
    if (this.#keptBytes > 2 * this.#maxBytes) this.#cut();
  };

  /** What was kept, as text; a character that was cut in two is left out. */
  get text(): string {
    if (this.#keptBytes > this.#maxBytes) this.#cut();
    const bytes = Buffer.concat(this.#kept);
    return bytes.subarray(this.#clipped ? firstCharacter(bytes) : 0).toString();
  }

  #cut(): void {
    const bytes = Buffer.concat(this.#kept).subarray(-this.#maxBytes);
    this.#kept = [Buffer.from(bytes)];
    this.#keptBytes = bytes.length;
    this.#clipped = true;
  }
}

/** Where the first whole character of UTF-8 begins: at most three bytes can belong to one before. */
function firstCharacter(bytes: Buffer): number {
  const at = bytes.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80);
  return Math.max(0, at);
}
