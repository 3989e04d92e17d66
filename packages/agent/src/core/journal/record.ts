import { crc32 } from "node:zlib";
import { sequenceOf } from "@ostler/protocol";

/**
 * One record is one line, so that `cut -c37-` shows a journal to a person and a newline finds the way back after damage:
 *
 *     crc32 (8 hex)  SP  bytes of JSON (8 hex)  SP  kind (1)  seq (16 digits)  SP  JSON  LF
 *
 * The CRC covers everything between itself and the newline.
 */
export type RecordKind = "event" | "snapshot" | "gap";
export type JournalRecord = { kind: RecordKind; seq: number; json: string };

const headerBytes = 36;
const letters: Record<RecordKind, string> = { event: "e", snapshot: "s", gap: "g" };
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter.charCodeAt(0), kind as RecordKind]));
const space = 0x20;
const newline = 0x0a;

export function encodeRecord({ kind, seq, json }: JournalRecord): string {
  const body = `${hex(Buffer.byteLength(json))} ${letters[kind]}${sequenceOf(seq)} ${json}`;
  return `${hex(crc32(body))} ${body}\n`;
}

/** What lies at a place in a segment: a record, too few bytes to tell, or damage. */
export type Found =
  { found: "record"; record: JournalRecord; end: number } | { found: "partial" } | { found: "damage" };

export function recordAt(bytes: Buffer, start: number): Found {
  if (bytes.length - start < headerBytes) return { found: "partial" };
  const kind = kinds.get(bytes[start + 18] ?? 0);
  const length = parseInt(bytes.toString("latin1", start + 9, start + 17), 16);
  const seq = Number(bytes.toString("latin1", start + 19, start + 35));
  const wellFormed = bytes[start + 8] === space && bytes[start + 17] === space && bytes[start + 35] === space;
  if (!wellFormed || kind === undefined || !Number.isSafeInteger(length) || !Number.isSafeInteger(seq))
    return { found: "damage" };
  const end = start + headerBytes + length;
  if (end >= bytes.length) return { found: "partial" };
  const sum = bytes.toString("latin1", start, start + 8);
  if (bytes[end] !== newline || sum !== hex(crc32(bytes.subarray(start + 9, end)))) return { found: "damage" };
  return {
    found: "record",
    record: { kind, seq, json: bytes.toString("utf8", start + headerBytes, end) },
    end: end + 1,
  };
}

/** The next place at or after `from` where a whole record begins, or nothing. */
export function nextRecord(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(newline, from); at >= 0; at = bytes.indexOf(newline, at + 1))
    if (recordAt(bytes, at + 1).found === "record") return at + 1;
  return undefined;
}

function hex(number: number): string {
  return number.toString(16).padStart(8, "0");
}
