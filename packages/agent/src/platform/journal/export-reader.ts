/** The fields of an entry as they were written; one that was given twice has its last value. */
export type Fields = ReadonlyMap<string, Buffer>;

/** Of a longer value only the beginning is kept, so that memory stays flat whatever somebody writes. */
export const maxValueBytes = 1024 * 1024;

const newline = 0x0a;
const equals = 0x3d;
const sizeBytes = 8;

/**
 * Reads systemd's export format: a line `NAME=value` for each field, or `NAME`, the size in 8 bytes and the value, where
 * that is no plain line; an empty line ends an entry.
 */
export class ExportReader {
  #fields = new Map<string, Buffer>();
  /** What the bytes belong to that come next: of a size and a value it is known how many they are. */
  #part: "line" | "size" | "value" = "line";
  #left = 0;
  #name = "";
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** The entries that are whole with this. They share its memory. */
  feed(chunk: Buffer): Fields[] {
    const entries: Fields[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        this.#hold(part);
        this.#left -= part.length;
        at += part.length;
        if (this.#left === 0 && this.#part === "size") this.#beginValue();
        continue;
      }
      const end = chunk.indexOf(newline, at);
      this.#hold(chunk.subarray(at, end < 0 ? chunk.length : end));
      if (end < 0) break;
      at = end + 1;
      const entry = this.#endLine();
      if (entry) entries.push(entry);
    }
    return entries;
  }

  #hold(bytes: Buffer): void {
    const room = maxValueBytes - this.#heldBytes;
    if (bytes.length === 0 || room <= 0) return;
    this.#held.push(bytes.length > room ? bytes.subarray(0, room) : bytes);
    this.#heldBytes += Math.min(bytes.length, room);
  }

  #take(): Buffer {
    const [first, ...rest] = this.#held;
    const taken = first && rest.length === 0 ? first : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return taken;
  }

  #beginValue(): void {
    this.#part = "value";
    this.#left = Number(this.#take().readBigUInt64LE());
  }

  #endLine(): Fields | undefined {
    const line = this.#take();
    if (this.#part === "value") {
      this.#part = "line";
      this.#fields.set(this.#name, line);
      return undefined;
    }
    if (line.length === 0) return this.#endEntry();
    const at = line.indexOf(equals);
    if (at >= 0) this.#fields.set(line.toString("latin1", 0, at), line.subarray(at + 1));
    else {
      this.#name = line.toString("latin1");
      this.#part = "size";
      this.#left = sizeBytes;
    }
    return undefined;
  }

  #endEntry(): Fields | undefined {
    const fields = this.#fields;
    this.#fields = new Map();
    return fields.size > 0 ? fields : undefined;
  }
}
