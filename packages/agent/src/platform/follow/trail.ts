import { chunkBytes } from "./buffers.js";
import type { Access } from "./access.js";
import { openFile, type ByteSource, type Facts } from "./byte-source.js";
import type { Standing } from "./line-reader.js";
import type { FilePosition } from "./place.js";
import { compareToPrint } from "./print.js";
import { restore } from "./restore.js";
import { isSameFile, type Sibling } from "./siblings.js";
import { Unpacked } from "./unpacked.js";

export type How = { maxLineBytes: number; access: Access };

/** A content that was found again, at the place where reading stopped. `isWhole`: nobody writes to it any more. */
export type Own = { sibling: Sibling; source: ByteSource; standing: Standing; isWhole: boolean };

/**
 * Finds the content of a position again among the siblings of its file: under any name, as a copy, or packed. What cannot be
 * read is not it.
 */
export async function findOwn(
  siblings: readonly Sibling[],
  position: FilePosition,
  how: How,
): Promise<Own | undefined> {
  const isSame = (one: Sibling): boolean => isSameFile(one, position);
  const newestFirst = [...siblings].reverse();
  const plain = newestFirst.filter((one) => !one.packing && one.size >= position.offset);
  const candidates = [
    ...plain.filter(isSame),
    ...plain.filter((one) => !isSame(one)),
    ...newestFirst.filter((one) => one.packing),
  ];
  for (const sibling of candidates) {
    const source = await openSibling(sibling, how).catch(() => undefined);
    if (!source) continue;
    const { inode } = await source.facts();
    const standing = await restore(source, position, isSame(sibling) && inode === position.inode).catch(
      () => undefined,
    );
    if (standing) return { sibling, source, standing, isWhole: sibling.packing !== undefined || !isSame(sibling) };
    await source.close();
  }
  return undefined;
}

/** Siblings after one of them. */
export function after(siblings: readonly Sibling[], one: Pick<Facts, "device" | "inode">): Sibling[] | undefined {
  const at = siblings.findIndex((other) => isSameFile(other, one));
  return at < 0 ? undefined : siblings.slice(at + 1);
}

/** Siblings that were written to after a content that is none of them any more; and no older part of it, as a copy may be. */
export async function laterThan(siblings: readonly Sibling[], position: FilePosition, how: How): Promise<Sibling[]> {
  const later: Sibling[] = [];
  for (const one of siblings)
    if (!one.rotation || (one.modifiedMs > position.modifiedMs && !(await hasHead(one, position, how))))
      later.push(one);
  return later;
}

async function hasHead(sibling: Sibling, { fingerprint }: FilePosition, how: How): Promise<boolean> {
  if (fingerprint.bytes === 0) return false;
  const source = await openSibling(sibling, how).catch(() => undefined); // It will be told of when it is read.
  if (!source) return false;
  const buffer = Buffer.alloc(fingerprint.bytes);
  const read = await source.read(buffer, fingerprint.bytes, 0).catch(() => 0);
  await source.close();
  return compareToPrint(buffer.subarray(0, read), fingerprint) === "same";
}

/** @throws ErrnoException */
export async function openSibling(sibling: Sibling, { maxLineBytes, access }: How): Promise<ByteSource> {
  if (!sibling.packing) return openFile(sibling.path, access);
  return Unpacked.open(sibling.path, sibling.packing, maxLineBytes + 2 * chunkBytes, access);
}
