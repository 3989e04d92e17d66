import { watch } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "../../core/clock.js";
import { LineSplitter, type Line } from "../../platform/line-splitter.js";
import { openIfThere } from "../../platform/open-if-there.js";

const chunkBytes = 64 * 1024;
/** Longer lines are clipped. */
const maxLineBytes = 256 * 1024;
/** How far back the beginning of the last lines is looked for. */
const maxBackBytes = 16 * 1024 * 1024;
/** How often a followed file is looked at where the file system does not notify. */
const lookMs = 1000;

/** The last lines of a spool, and with `follow` whatever is written after them, until the signal aborts. */
export async function* readSpool(
  path: string,
  { last, follow }: { last: number; follow: boolean },
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Line> {
  let file = await openIfThere(path);
  const isNew = file === undefined;
  while (!file && follow && !signal.aborted) {
    await clock.sleep(lookMs, signal);
    file = await openIfThere(path);
  }
  if (!file) return;
  try {
    const { size } = await file.stat();
    let offset = isNew ? 0 : await startOfLast(file, size, last);
    const splitter = new LineSplitter(maxLineBytes);
    const grown = follow ? changesOf(path, clock, signal) : undefined;
    while (!signal.aborted) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, offset);
      offset += bytesRead;
      yield* splitter.feed(buffer.subarray(0, bytesRead));
      if (bytesRead > 0) continue;
      if (!grown) {
        yield* splitter.rest();
        return;
      }
      if ((await file.stat()).size < offset)
        offset = 0; // It was emptied to give back its space.
      else await grown();
    }
  } finally {
    await file.close();
  }
}

/** Offset at which the last `count` lines begin. */
async function startOfLast(file: FileHandle, size: number, count: number): Promise<number> {
  if (count === 0) return size;
  let newlines = 0;
  const buffer = Buffer.alloc(chunkBytes);
  for (let end = size; end > 0 && size - end < maxBackBytes;) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      if (buffer[at] !== 0x0a || start + at === size - 1) continue;
      if (++newlines === count) return start + at + 1;
    }
    end = start;
  }
  return Math.max(0, size - maxBackBytes);
}

/** A function that waits for the next change of a file. */
function changesOf(path: string, clock: Clock, signal: AbortSignal): () => Promise<void> {
  let changed = new AbortController();
  const watcher = watch(path, { persistent: false }, () => changed.abort());
  watcher.on("error", () => watcher.close()); // The clock still looks.
  signal.addEventListener("abort", () => {
    watcher.close();
    changed.abort();
  });
  return async () => {
    await clock.sleep(lookMs, changed.signal);
    changed = new AbortController();
    if (signal.aborted) changed.abort();
  };
}
