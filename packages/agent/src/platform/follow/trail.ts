import type { Access } from "./access.js";
import { chunkBytes } from "./buffers.js";
import { isSameFile, openFile, type ByteSource } from "./byte-source.js";
import type { Standing } from "./line-reader.js";
import type { FilePosition } from "./place.js";
import { restore } from "./restore.js";
import type { Sibling } from "./siblings.js";
import { Unpacked } from "./unpacked.js";

export type How = { maxLineBytes: number; access: Access };

/** A content that was found again, at the place where reading stopped. `isWhole`: nobody writes to it any more. */
export type Own = { sibling: Sibling; source: ByteSource; standing: Standing; isWhole: boolean };

/**
 * Finds the content of a position again among the siblings of its file: under any name, as a copy, or packed. What cannot be
 * read is not it. @throws ErrnoException `ENOENT` when names have changed since they were listed
 */
export async function findOwn(
  siblings: readonly Sibling[],
  position: FilePosition,
  how: How,
): Promise<Own | undefined> {
  const newestFirst = [...siblings].reverse();
  const plain = newestFirst.filter((one) => !one.packing);
  const candidates = [
    ...plain.filter((one) => isSameFile(one, position)),
    ...plain.filter((one) => !isSameFile(one, position)),
    ...newestFirst.filter((one) => one.packing),
  ];
  for (const sibling of candidates) {
    const source = await openIfReadable(sibling, how);
    if (!source) continue;
    const isSame = isSameFile(sibling, position);
    const standing = await restore(source, position, isSame).catch(() => undefined);
    const isCopy = sibling.rotation !== undefined && !isSame;
    if (standing) return { sibling, source, standing, isWhole: sibling.packing !== undefined || isCopy };
    await source.close();
  }
  return undefined;
}

/** Nothing when it cannot be read, which will be told of when it should be. */
export async function openIfReadable(sibling: Sibling, how: How): Promise<ByteSource | undefined> {
  return openSibling(sibling, how).catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") throw failure;
    return undefined;
  });
}

/** @throws ErrnoException, `ENOENT` also when another file has its name by now */
export async function openSibling(sibling: Sibling, { maxLineBytes, access }: How): Promise<ByteSource> {
  const source = sibling.packing
    ? await Unpacked.open(sibling.path, sibling.packing, maxLineBytes + 2 * chunkBytes, access)
    : await openFile(sibling.path, access);
  if (isSameFile(await source.facts(), sibling)) return source;
  await source.close();
  throw movedError(sibling.path);
}

/** Somebody is renaming files just now: as if there were none for a moment. */
export function movedError(path: string): Error {
  return Object.assign(new Error(`${path} is another file by now.`), { code: "ENOENT" });
}
