import type { ByteSource } from "./byte-source.js";

const blockBytes = 512;
/** A file that takes a little less than its size is none with a hole: file systems count in units of their own. */
const slackBytes = 64 * 1024;
const lookBytes = 64 * 1024;

/**
 * Where the hole that an offset lies in ends; nothing when it lies in none. A hole may be larger than anybody would read, so
 * its end is first looked for where it must be if it is the only one.
 */
export async function endOfHole(source: ByteSource, offset: number): Promise<number | undefined> {
  const { size, blocks } = await source.facts();
  if (blocks * blockBytes >= size) return undefined;
  const buffer = Buffer.allocUnsafe(lookBytes);
  let from = offset;
  let to = Math.max(offset, size - blocks * blockBytes - slackBytes);
  // Invariant: what lies before `from` is zeros. Where it is none at `to`, the guess was wrong, as on a file system that packs.
  if (!(await isZero(source, buffer, to)))
    while (to - from > lookBytes) {
      const middle = Math.floor((from + to) / 2);
      if (await isZero(source, buffer, middle)) from = middle;
      else to = middle;
    }
  else from = to;
  for (let at = from; ;) {
    const read = await source.read(buffer, buffer.length, at);
    const found = buffer.subarray(0, read).findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
    at += read;
    if (read === 0) return at;
  }
}

async function isZero(source: ByteSource, buffer: Buffer, at: number): Promise<boolean> {
  const read = await source.read(buffer, buffer.length, at);
  return read > 0 && buffer.subarray(0, read).every((byte) => byte === 0);
}
