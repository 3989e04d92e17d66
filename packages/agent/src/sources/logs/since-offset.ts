import type { FileHandle } from "node:fs/promises";
import type { LineReader } from "../../core/line-format/understand.js";
import { startOfNextLine } from "./last-lines.js";

/** Where a file is looked at, so much is read to find a line with a time. */
const sampleBytes = 64 * 1024;
/** Smaller ranges are read rather than searched. */
const smallBytes = 1024 * 1024;
/** Lines that several threads write need not be in order; what is so little before the wanted time is read too. */
const disorderMs = 60_000;

/** Where the lines since a time begin at the latest, in a file whose lines are in order and say when they were written. */
export async function offsetSince(
  file: FileHandle,
  size: number,
  { sinceMs, reader }: { sinceMs: number; reader: LineReader },
): Promise<number> {
  let [before, behind] = [0, size];
  while (behind - before > smallBytes) {
    const middle = Math.floor((before + behind) / 2);
    const timeMs = await firstTime(file, middle, reader);
    if (timeMs !== undefined && timeMs < sinceMs - disorderMs) before = middle;
    else behind = middle;
  }
  return before === 0 ? 0 : startOfNextLine(file, before, size);
}

/** The first time that a whole line behind this offset says. */
async function firstTime(file: FileHandle, offset: number, reader: LineReader): Promise<number | undefined> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(sampleBytes), 0, sampleBytes, offset);
  const [, ...lines] = buffer.toString("utf8", 0, bytesRead).split("\n");
  for (const line of lines.slice(0, -1)) {
    const { timeMs } = reader.read(line);
    if (timeMs !== undefined) return timeMs;
  }
  return undefined;
}
