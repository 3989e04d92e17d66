export type Line = { text: string; clipped: boolean };

/** Cuts bytes into lines. A line longer than the limit comes once, clipped; the rest of it is skipped, so memory stays flat. */
export class LineSplitter {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #skipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  feed(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, at)) {
      this.#hold(chunk.subarray(at, end), lines);
      if (!this.#skipping) lines.push(this.#take(false));
      this.#skipping = false;
      at = end + 1;
    }
    this.#hold(chunk.subarray(at), lines);
    return lines;
  }

  /** What came after the last newline, if anything did. */
  rest(): Line[] {
    return this.#heldBytes > 0 ? [this.#take(false)] : [];
  }

  #hold(bytes: Buffer, lines: Line[]): void {
    if (this.#skipping || bytes.length === 0) return;
    this.#held.push(Buffer.from(bytes));
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= this.#maxBytes) return;
    lines.push(this.#take(true));
    this.#skipping = true;
  }

  #take(clipped: boolean): Line {
    const bytes = Buffer.concat(this.#held).subarray(0, this.#maxBytes);
    this.#held = [];
    this.#heldBytes = 0;
    return { text: bytes.toString("utf8").replace(/\r$/, ""), clipped };
  }
}
