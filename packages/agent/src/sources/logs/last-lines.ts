import type { FileHandle } from "node:fs/promises";

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/** Where the last `count` lines of a range begin, and how many there are. A last line without an end is a line. */
export async function startOfLast(
  file: FileHandle,
  { from, to, count }: { from: number; to: number; count: number },
  signal: AbortSignal,
): Promise<{ offset: number; lines: number }> {
  if (count === 0 || from >= to) return { offset: to, lines: 0 };
  let newlines = 0;
  const buffer = Buffer.alloc(chunkBytes);
  for (let end = to; end > from && !signal.aborted;) {
    const start = Math.max(from, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      if (buffer[at] !== newline || start + at === to - 1) continue;
      if (++newlines === count) return { offset: start + at + 1, lines: count };
    }
    end = start;
  }
  return { offset: from, lines: newlines + 1 };
}

/**
 * Where the first whole line of a spool begins. The oldest part of a spool is given back to the disk and reads as zeros;
 * what is left of the line that was cut begins with something else.
 */
export async function startOfData(file: FileHandle, size: number): Promise<number> {
  if (size === 0 || !(await isEmpty(file, 0))) return 0;
  let [empty, full] = [0, Math.ceil(size / blockBytes)];
  while (full - empty > 1) {
    const middle = Math.floor((empty + full) / 2);
    if (await isEmpty(file, middle)) empty = middle;
    else full = middle;
  }
  return startOfNextLine(file, full * blockBytes, size);
}

/** Behind the next end of a line, or the end of the file. */
export async function startOfNextLine(file: FileHandle, from: number, size: number): Promise<number> {
  const buffer = Buffer.alloc(chunkBytes);
  for (let start = from; start < size;) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, start);
    const at = buffer.subarray(0, bytesRead).indexOf(newline);
    if (at >= 0) return start + at + 1;
    if (bytesRead === 0) break;
    start += bytesRead;
  }
  return size;
}

/** File systems give back whole blocks; those of common ones have this size. */
const blockBytes = 4096;

async function isEmpty(file: FileHandle, block: number): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, block * blockBytes);
  return bytesRead > 0 && buffer.subarray(0, bytesRead).every((byte) => byte === 0);
}
