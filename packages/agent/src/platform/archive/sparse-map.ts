import { blockBytes } from "./tar-header.js";

/** A part of a file: bytes that stand in the archive, or a hole. */
export type Piece = { isHole: boolean; bytes: number };

/**
 * The map of holes that stands before the content of a file (pax, version 1.0): how many parts there are, then where each begins and
 * how long it is, a number a line.
 */
export class SparseMap {
  readonly #blocks: Buffer[] = [];
  #lines = 0;
  #wantedLines: number | undefined;

  get bytes(): number {
    return this.#blocks.length * blockBytes;
  }

  /** Is the map whole with this block? */
  take(block: Buffer): boolean {
    this.#wantedLines ??= 1 + 2 * digits(block.toString("latin1", 0, Math.max(0, block.indexOf(0x0a))));
    this.#blocks.push(block);
    for (let at = block.indexOf(0x0a); at !== -1; at = block.indexOf(0x0a, at + 1)) this.#lines++;
    return !(this.#lines < this.#wantedLines);
  }

  /** The parts, the last first; nothing when the map is wrong for a file of this size of which so much is stored. */
  pieces(size: number, storedBytes: number): Piece[] | undefined {
    const lines = Buffer.concat(this.#blocks).toString("latin1").split("\n", this.#wantedLines);
    const numbers = lines.slice(1).map(digits);
    const pieces: Piece[] = [];
    let [at, stored] = [0, 0];
    for (let part = 0; part < numbers.length; part += 2) {
      const [offset = NaN, bytes = NaN] = [numbers[part], numbers[part + 1]];
      if (!(offset >= at && bytes >= 0)) return undefined;
      if (offset > at) pieces.push({ isHole: true, bytes: offset - at });
      if (bytes > 0) pieces.push({ isHole: false, bytes });
      at = offset + bytes;
      stored += bytes;
    }
    if (!this.#wantedLines || at > size || stored !== storedBytes) return undefined;
    if (at < size) pieces.push({ isHole: true, bytes: size - at });
    return pieces.reverse();
  }
}

const digits = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : NaN);
