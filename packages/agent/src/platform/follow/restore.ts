import type { ByteSource } from "./byte-source.js";
import type { Standing } from "./line-reader.js";
import type { FilePosition, Print } from "./place.js";
import { beforeBytes, compareToPrint, headBytes, noPrint, printOf, type Likeness } from "./print.js";

const newline = 0x0a;
const none = Buffer.alloc(0);

export const atBeginning: Standing = {
  ...{ offset: 0, front: 0, before: none, tip: none, skipping: false },
  ...{ head: none, fingerprint: noPrint },
};

/**
 * Goes on in a content from a position; nothing when it is another content. Only the very same file (`isSameFile`) may have
 * lost its beginning, or may be known by so little that nothing of it was read yet.
 */
export async function restore(
  source: ByteSource,
  position: FilePosition,
  isSameFile: boolean,
): Promise<Standing | undefined> {
  const { fingerprint, before, offset, skipping = false } = position;
  const head = await bytesAt(source, 0, fingerprint.bytes);
  const known = await bytesAt(source, offset - before.bytes, before.bytes);
  const looks = [likeness(head, fingerprint), likeness(known, before)];
  if (looks.includes("other") || (!isSameFile && (looks.includes("freed") || fingerprint.bytes === 0)))
    return undefined;
  const isWhole =
    looks[0] === "freed" || fingerprint.bytes === headBytes || fingerprint.bytes < Math.min(offset, headBytes);
  return {
    ...{ offset, front: offset, before: known, tip: known, skipping, fingerprint },
    ...(isWhole ? {} : { head }),
  };
}

/** Begins at the end: with the line that is not ended yet, or behind it when it is longer than what is looked at. */
export async function atEnd(source: ByteSource, maxLineBytes: number): Promise<Standing> {
  const { size } = await source.facts();
  const start = Math.max(0, size - maxLineBytes - 1);
  const last = (await bytesAt(source, start, size - start)).lastIndexOf(newline) + 1;
  const skipping = last === 0 && start > 0;
  const offset = skipping ? size : start + last;
  const head = await bytesAt(source, 0, Math.min(offset, headBytes));
  const before = await bytesAt(source, Math.max(0, offset - beforeBytes), Math.min(offset, beforeBytes));
  return {
    ...{ offset, front: offset, before, tip: before, skipping, fingerprint: printOf(head) },
    ...(head.length < headBytes ? { head } : {}),
  };
}

function likeness(bytes: Buffer, print: Print): Likeness {
  return print.bytes === 0 ? "same" : compareToPrint(bytes, print);
}

async function bytesAt(source: ByteSource, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, bytes === 0 ? 0 : await source.read(buffer, bytes, at));
}
