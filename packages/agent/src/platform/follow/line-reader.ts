import type { ByteSource } from "./byte-source.js";
import { chunkBytes, type Lend } from "./buffers.js";
import { endOfHole } from "./hole.js";
import type { Print } from "./place.js";
import { beforeBytes, compareToKnown, headBytes, printOf } from "./print.js";

const newline = 0x0a;

/** Where reading stands. Replaced as a whole with each step, so that a step can be taken back. */
export type Standing = {
  offset: number;
  /** Up to here there is no newline after the offset: the beginning of a line whose end is still to be written. */
  front: number;
  /** What comes just before the offset, and before the front: read again with what follows, so that another content is noticed. */
  before: Buffer;
  tip: Buffer;
  skipping: boolean;
  /** The first bytes of what was read; none once the fingerprint is whole, or the beginning was freed. */
  head?: Buffer;
  fingerprint: Print;
};

/** `more`: it went on without a line. `changed`: what was read before is no longer there, so nothing was read. */
export type Step =
  | { kind: "lines"; bytes: Buffer; offset: number; clipped: boolean }
  | { kind: "freed"; bytes: number; offset: number }
  | { kind: "more" | "end" | "changed" };

/**
 * Reads whole lines of one source. Of a line without an end only how far it was looked at is kept, no byte of it; what
 * follows it is read alone until there is a newline, and then the line once more as a whole.
 */
export class LineReader {
  readonly #source: ByteSource;
  readonly #maxLineBytes: number;
  readonly #chunkBytes: number;
  /** Nothing before what was read last says that it is in no hole. */
  #mayBeFreed = false;
  standing: Standing;

  constructor(source: ByteSource, standing: Standing, maxLineBytes: number) {
    this.#source = source;
    this.standing = standing;
    this.#maxLineBytes = maxLineBytes;
    // No line in a chunk can be longer than the limit, so nobody need measure each.
    this.#chunkBytes = Math.min(chunkBytes, maxLineBytes + 1);
  }

  /** Calls with the next step, whose bytes live as long as the call. */
  async next(lend: Lend, take: (step: Step) => Promise<void> | void): Promise<Step["kind"]> {
    const { offset, front, before, tip } = this.standing;
    const isPartial = front > offset;
    const known = isPartial ? tip : before;
    let whole = 0;
    const kind = await lend(this.#chunkBytes + beforeBytes, async (buffer) => {
      const data = await this.#read(buffer, isPartial ? front : offset, known, this.#chunkBytes);
      if ("kind" in data) return this.#give(data, take);
      const end = isPartial ? data.indexOf(newline) : -1;
      if (!isPartial) return this.#give(await this.#step(data), take);
      whole = front - offset + (end < 0 ? data.length : end + 1);
      if (end >= 0 || whole > this.#maxLineBytes) return "whole";
      return this.#give(this.#stretch(data), take);
    });
    return kind === "whole" ? this.#whole(lend, Math.min(whole, this.#maxLineBytes + 1), take) : (kind ?? "more");
  }

  /** The beginning of a line whose end will not come any more: with a newline that it never had. */
  async rest(lend: Lend, take: (step: Step) => Promise<void> | void): Promise<void> {
    const { offset, front, skipping } = this.standing;
    if (front > offset && !skipping) await this.#whole(lend, front - offset, take, true);
  }

  /** Reads a line again from its beginning, now that its end is known. */
  async #whole(
    lend: Lend,
    bytes: number,
    take: (step: Step) => Promise<void> | void,
    isLast = false,
  ): Promise<Step["kind"]> {
    const kind = await lend(bytes + beforeBytes + 1, async (buffer) => {
      const { offset, before } = this.standing;
      this.standing = { ...this.standing, front: offset, tip: before };
      const data = await this.#read(buffer, offset, before, bytes);
      if ("kind" in data) return this.#give(data, take);
      if (data.length === 0) return "end";
      if (!isLast && (data.includes(newline) || data.length <= this.#maxLineBytes))
        return this.#give(await this.#step(data), take);
      return this.#give(this.#cut(data, isLast ? data.length : this.#maxLineBytes, !isLast), take);
    });
    return kind ?? "more";
  }

  /** Is what was read last still there? */
  async isIntact(): Promise<boolean> {
    const { front, tip } = this.standing;
    const buffer = Buffer.alloc(tip.length);
    const read = await this.#source.read(buffer, tip.length, front - tip.length);
    return compareToKnown(buffer.subarray(0, read), tip) !== "other";
  }

  /** What comes after `known`, at an offset; or why it cannot be said to come after it. */
  async #read(buffer: Buffer, at: number, known: Buffer, bytes: number): Promise<Buffer | Step> {
    const read = await this.#source.read(buffer, known.length + bytes, at - known.length);
    const looks = compareToKnown(buffer.subarray(0, Math.min(read, known.length)), known);
    if (looks === "other") return { kind: "changed" };
    this.#mayBeFreed = looks === "freed" || !known.some((byte) => byte !== 0);
    return buffer.subarray(known.length, read);
  }

  async #step(data: Buffer): Promise<Step> {
    if (data.length === 0) return { kind: "end" };
    if (data[0] === 0 && this.#mayBeFreed) {
      const freed = await this.#freed();
      if (freed) return freed;
    }
    if (this.standing.skipping) return this.#skip(data);
    const end = data.lastIndexOf(newline) + 1;
    if (end === 0)
      return data.length > this.#maxLineBytes ? this.#cut(data, this.#maxLineBytes, true) : this.#stretch(data);
    return this.#lines(data.subarray(0, end));
  }

  #lines(bytes: Buffer): Step {
    const { offset } = this.standing;
    this.#advance(bytes);
    return { kind: "lines", bytes, offset, clipped: false };
  }

  /** Hands on the beginning of a line, with a newline behind it: the buffer has room for one. */
  #cut(data: Buffer, bytes: number, clipped: boolean): Step {
    const { offset } = this.standing;
    this.#advance(data.subarray(0, bytes));
    this.standing.skipping = clipped;
    const cut = Buffer.from(data.buffer, data.byteOffset, bytes + 1);
    cut[bytes] = newline;
    return { kind: "lines", bytes: cut, offset, clipped };
  }

  #stretch(data: Buffer): Step {
    const { front, offset, before, tip } = this.standing;
    const isPartial = front > offset;
    this.standing = {
      ...this.standing,
      front: (isPartial ? front : offset) + data.length,
      tip: lastOf(isPartial ? tip : before, data),
    };
    return { kind: data.length === this.#chunkBytes ? "more" : "end" };
  }

  #skip(data: Buffer): Step {
    const end = data.indexOf(newline) + 1;
    this.#advance(end === 0 ? data : data.subarray(0, end));
    this.standing.skipping = end === 0;
    return { kind: end === 0 && data.length < this.#chunkBytes ? "end" : "more" };
  }

  #advance(bytes: Buffer): void {
    const { offset, before, head, fingerprint, skipping } = this.standing;
    const at = offset + bytes.length;
    const kept = lastOf(before, bytes);
    const grown = head && Buffer.concat([head, bytes.subarray(0, headBytes - head.length)]);
    this.standing = {
      ...{ offset: at, front: at, before: kept, tip: kept, skipping },
      ...(grown && grown.length < headBytes ? { head: grown } : {}),
      fingerprint: grown ? printOf(grown) : fingerprint,
    };
  }

  /** Goes on behind a hole; the line that begins in it is a piece of one. Nothing where the zeros are the writer's own. */
  async #freed(): Promise<Step | undefined> {
    const { offset, fingerprint } = this.standing;
    const end = await endOfHole(this.#source, offset);
    if (end === undefined) return undefined;
    const none = Buffer.alloc(0);
    this.standing = { offset: end, front: end, before: none, tip: none, skipping: true, fingerprint };
    return { kind: "freed", bytes: end - offset, offset };
  }

  async #give(step: Step, take: (step: Step) => Promise<void> | void): Promise<Step["kind"]> {
    if (step.kind === "lines" || step.kind === "freed") await take(step);
    return step.kind;
  }
}

function lastOf(before: Buffer, bytes: Buffer): Buffer {
  if (bytes.length >= beforeBytes) return Buffer.from(bytes.subarray(-beforeBytes));
  return Buffer.concat([before.subarray(-(beforeBytes - bytes.length)), bytes]).subarray(-beforeBytes);
}
