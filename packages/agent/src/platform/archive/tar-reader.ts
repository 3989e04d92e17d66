import { archiveFailure } from "./job.js";
import { shown } from "./path-bytes.js";
import { SparseMap, type Piece } from "./sparse-map.js";
import { blockBytes, headerIn, memberOf, readPax, type Extended, type TarMember } from "./tar-header.js";

/** What a reader tells, in the order of the archive. */
export type TarEvents = {
  /** `header`: the blocks of all its headers. */
  member: (member: TarMember, header: readonly Buffer[]) => void;
  /** What stands in the archive after the headers, with the map of holes and padding. */
  raw: (bytes: Buffer) => void;
  content: (bytes: Buffer) => void;
  hole: (bytes: number) => Promise<void>;
  memberEnd: () => void;
};

/** Extended headers of a member are kept until it begins; more of them is no member of a backup. */
const maxExtendedBytes = 4 * 1024 * 1024;
/** So are maps of holes: a file with more than about a million of them cannot be read. */
const maxMapBytes = 32 * 1024 * 1024;

/** Reads an archive in chunks, as GNU tar and pax write it, in memory that does not grow with it. */
export class TarReader {
  readonly #events: TarEvents;
  #headers: Buffer[] = [];
  #extended: Extended = { pax: new Map() };
  #partial = Buffer.alloc(0);
  #reading: Reading = { what: "header" };
  #last = "its beginning";

  constructor(events: TarEvents) {
    this.#events = events;
  }

  /** @throws OstlerError `damaged` */
  async take(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const reading = this.#reading;
      if (reading.what === "end") {
        if (!isZero(chunk.subarray(at))) throw damaged("Something follows the end of the archive.");
        return;
      }
      if (reading.what === "content" || reading.what === "padding") {
        const bytes = chunk.subarray(at, at + Math.min(chunk.length - at, reading.left));
        at += bytes.length;
        this.#events.raw(bytes);
        reading.left -= bytes.length;
        if (reading.what === "content") await this.#content(reading, bytes);
        else if (reading.left === 0) this.#reading = { what: "header" };
        continue;
      }
      const block = this.#blockAt(chunk, at);
      if (block === undefined) return;
      at += block.taken;
      if (reading.what === "header") this.#header(block.bytes);
      else if (reading.what === "extended") this.#extend(reading, block.bytes);
      else await this.#map(reading, block.bytes);
    }
  }

  /** Nothing more comes. @throws OstlerError `damaged` when something was missing */
  end(): void {
    if (this.#reading.what !== "end") throw damaged(`The archive ends early, after ${this.#last}.`);
  }

  /** A whole block: out of the chunk, or put together where it is cut in two. */
  #blockAt(chunk: Buffer, at: number): { bytes: Buffer; taken: number } | undefined {
    if (this.#partial.length === 0 && chunk.length - at >= blockBytes)
      return { bytes: chunk.subarray(at, at + blockBytes), taken: blockBytes };
    const taken = Math.min(blockBytes - this.#partial.length, chunk.length - at);
    const bytes = Buffer.concat([this.#partial, chunk.subarray(at, at + taken)]);
    this.#partial = bytes.length < blockBytes ? bytes : Buffer.alloc(0);
    return bytes.length < blockBytes ? undefined : { bytes, taken };
  }

  #header(block: Buffer): void {
    if (block[0] === 0 && isZero(block)) {
      if (this.#headers.length > 0) throw damaged(`The archive ends within a header, after ${this.#last}.`);
      this.#reading = { what: "end" };
      return;
    }
    const header = headerIn(block);
    if (!header) throw damaged(`The archive is damaged after ${this.#last}: what follows is no header.`);
    this.#headers.push(block);
    const { flag, numbers } = header;
    if (extendedFlags.includes(flag)) {
      const held = this.#headers.length * blockBytes;
      if (!(numbers.size > 0 && held + numbers.size <= maxExtendedBytes))
        throw damaged(`A header after ${this.#last} has ${numbers.size} bytes.`);
      this.#reading = { what: "extended", flag, left: numbers.size, bytes: [] };
      return;
    }
    this.#begin(memberOf(header, this.#extended));
  }

  #begin(member: TarMember): void {
    this.#last = shown(member.path);
    this.#events.member(member, this.#headers);
    this.#headers = [];
    this.#extended = { pax: new Map() };
    const left = member.storedBytes;
    if (!(left >= 0)) throw damaged(`${this.#last} has a size that is none.`);
    if (member.isSparse) this.#reading = { what: "map", member, left, map: new SparseMap() };
    else if (left > 0) this.#reading = { what: "content", left, padding: paddingOf(left), pieces: undefined };
    else this.#finish(0);
  }

  #extend(reading: Reading & { what: "extended" }, block: Buffer): void {
    this.#headers.push(block);
    reading.bytes.push(block.subarray(0, Math.min(blockBytes, reading.left)));
    reading.left -= blockBytes;
    if (reading.left > 0) return;
    const bytes = Buffer.concat(reading.bytes);
    if (reading.flag === "x") readPax(bytes, this.#extended);
    else if (reading.flag === "L") this.#extended.longName = untilZero(bytes);
    else if (reading.flag === "K") this.#extended.longLink = untilZero(bytes);
    else this.#extended.odd = "a header for all members";
    this.#reading = { what: "header" };
  }

  async #map({ member, left, map }: Reading & { what: "map" }, block: Buffer): Promise<void> {
    this.#events.raw(block);
    const rest = left - blockBytes;
    if (!map.take(block) && map.bytes < maxMapBytes && rest > 0) {
      this.#reading = { what: "map", member, left: rest, map };
      return;
    }
    const pieces = map.pieces(member.size, rest);
    if (!pieces) throw damaged(`The map of the holes of ${this.#last} is damaged.`);
    this.#reading = { what: "content", left: rest, padding: paddingOf(rest), pieces };
    await this.#holes(pieces);
    if (rest === 0) this.#finish(0);
  }

  async #content({ left, padding, pieces }: Reading & { what: "content" }, bytes: Buffer): Promise<void> {
    if (pieces) await this.#spread(pieces, bytes);
    else this.#events.content(bytes);
    if (left === 0) this.#finish(padding);
  }

  /** Content with the holes between its parts. */
  async #spread(pieces: Piece[], bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = pieces.at(-1);
      if (!piece) throw damaged(`${this.#last} has more content than its map of holes.`);
      const part = bytes.subarray(at, at + piece.bytes);
      this.#events.content(part);
      at += part.length;
      piece.bytes -= part.length;
      if (piece.bytes > 0) return;
      pieces.pop();
      await this.#holes(pieces);
    }
  }

  async #holes(pieces: Piece[]): Promise<void> {
    while (pieces.at(-1)?.isHole === true) await this.#events.hole(pieces.pop()?.bytes ?? 0);
  }

  #finish(padding: number): void {
    this.#events.memberEnd();
    this.#reading = padding > 0 ? { what: "padding", left: padding } : { what: "header" };
  }
}

type Reading =
  | { what: "header" }
  | { what: "extended"; flag: string; left: number; bytes: Buffer[] }
  | { what: "map"; member: TarMember; left: number; map: SparseMap }
  | { what: "content"; left: number; padding: number; pieces: Piece[] | undefined }
  | { what: "padding"; left: number }
  | { what: "end" };

const extendedFlags = ["x", "g", "L", "K"];

const paddingOf = (bytes: number): number => (blockBytes - (bytes % blockBytes)) % blockBytes;
const zeros = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length);
    if (part.compare(zeros, 0, part.length) !== 0) return false;
  }
  return true;
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end));
}

const damaged = (message: string) => archiveFailure("damaged", message);
