import { textOf } from "./path-bytes.js";

export const blockBytes = 512;

export type TarType = "file" | "directory" | "symlink" | "hardlink" | "fifo" | "device" | "unknown";

/** A member of an archive, as its headers say. */
export type TarMember = {
  /** As it stands in the archive; a directory's without the slash at its end. */
  path: string;
  type: TarType;
  /** Of the content, with its holes. */
  size: number;
  /** Of what stands in the archive. */
  storedBytes: number;
  isSparse: boolean;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  target: string;
  /** Something in the headers that GNU tar does not write for a backup, and that readers understand in different ways. */
  odd?: string;
};

/** One block, without what extended headers say. */
export type TarHeader = { flag: string; name: Buffer; linkName: Buffer; numbers: TarNumbers };
type TarNumbers = { size: number; mode: number; uid: number; gid: number; mtime: number };

/** What extended headers say of the next member. */
export type Extended = { pax: Map<string, Buffer>; longName?: Buffer; longLink?: Buffer; odd?: string };

/** The header in a block; nothing when its checksum is wrong. */
export function headerIn(block: Buffer): TarHeader | undefined {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  if (sum !== numberIn(block, 148, 8)) return undefined;
  const name = stringIn(block, 0, 100);
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? stringIn(block, 345, 155) : empty;
  return {
    flag: String.fromCharCode(block[156] ?? 0),
    name: prefix.length > 0 ? Buffer.concat([prefix, slash, name]) : name,
    linkName: stringIn(block, 157, 100),
    numbers: {
      size: numberIn(block, 124, 12),
      mode: numberIn(block, 100, 8) & 0o7777,
      uid: numberIn(block, 108, 8),
      gid: numberIn(block, 116, 8),
      mtime: numberIn(block, 136, 12),
    },
  };
}

/** The records of a pax header: `LENGTH KEY=VALUE` and a newline, where the length is that of all of it. */
export function readPax(bytes: Buffer, into: Extended): void {
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const end = at + Number(bytes.toString("latin1", at, space));
    const equals = bytes.indexOf(0x3d, space);
    const isWhole = space > at && equals > space && equals < end && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!isWhole) return void (into.odd = "a record of its pax header that is none");
    const key = bytes.toString("utf8", space + 1, equals);
    if (into.pax.has(key)) into.odd = `a second "${key}" in its pax header`;
    if (!known.test(key)) into.odd = `"${key}" in its pax header`;
    into.pax.set(key, Buffer.from(bytes.subarray(equals + 1, end - 1)));
    at = end;
  }
}

/** A member from all of its headers. */
export function memberOf({ flag, name, linkName, numbers }: TarHeader, extended: Extended): TarMember {
  const { pax, longName, longLink } = extended;
  const text = (key: string): string | undefined => pax.get(key)?.toString("latin1");
  const number = (key: string, other: number): number => (pax.has(key) ? Number(text(key)) : other);
  const isSparse = pax.has("GNU.sparse.major");
  const type = types[flag] ?? "unknown";
  const storedBytes = number("size", numbers.size);
  const path = textOf(pax.get("GNU.sparse.name") ?? pax.get("path") ?? longName ?? name);
  const member: TarMember = {
    path: type === "directory" ? path.replace(/\/$/, "") : path,
    type,
    size: isSparse ? number("GNU.sparse.realsize", NaN) : storedBytes,
    storedBytes,
    isSparse,
    mode: numbers.mode,
    uid: number("uid", numbers.uid),
    gid: number("gid", numbers.gid),
    mtimeMs: Math.floor(number("mtime", numbers.mtime) * 1000),
    target: textOf(pax.get("linkpath") ?? longLink ?? linkName),
  };
  const odd = extended.odd ?? oddIn(member, extended, text);
  return odd === undefined ? member : { ...member, odd };
}

function oddIn(
  { type, size, storedBytes, isSparse, uid, gid, mtimeMs }: TarMember,
  { pax, longName, longLink }: Extended,
  text: (key: string) => string | undefined,
): string | undefined {
  if (![size, storedBytes, uid, gid].every((number) => Number.isSafeInteger(number) && number >= 0))
    return "a number that is none";
  if (!Number.isSafeInteger(mtimeMs)) return "a time that is none";
  if (type !== "file" && (storedBytes > 0 || isSparse)) return "content, though it is no file";
  const isTwice = (longName !== undefined && pax.has("path")) || (longLink !== undefined && pax.has("linkpath"));
  if (isTwice) return "two names";
  const version = `${text("GNU.sparse.major")}.${text("GNU.sparse.minor")}`;
  const hasSparse = [...pax.keys()].some((key) => key.startsWith("GNU.sparse."));
  if (hasSparse && (version !== "1.0" || !pax.has("GNU.sparse.name"))) return `holes of version ${version}`;
  return undefined;
}

const empty = Buffer.alloc(0);
const slash = Buffer.from("/");

const types: Record<string, TarType> = {
  "0": "file",
  "\0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "device",
  "4": "device",
  "5": "directory",
  "6": "fifo",
};

const known =
  /^((link)?path|size|[ug]id|[ug]name|[mac]time|comment|GNU\.sparse\.(major|minor|name|realsize)|SCHILY\.(xattr|acl)\..+)$/s;

function stringIn(block: Buffer, at: number, length: number): Buffer {
  const end = block.indexOf(0, at);
  return Buffer.from(block.subarray(at, end === -1 || end > at + length ? at + length : end));
}

/** Octal digits, or, where those do not suffice, GNU's bytes with the highest bit set. */
function numberIn(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first < 0x80) {
    const digits = block
      .toString("latin1", at, at + length)
      .replace(/[\0 ]+$/, "")
      .trimStart();
    return digits === "" ? 0 : /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  }
  let value = first === 0xff ? -1 : first & 0x7f;
  for (let byte = 1; byte < length; byte++) value = value * 256 + (block[at + byte] ?? 0);
  return value;
}
