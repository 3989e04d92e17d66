import type { JournalPosition } from "../../platform/journal/journal-place.js";
import type { UnitEntry } from "../../platform/journal/unit-entry.js";
import type { Chunk } from "./chunk.js";

/** Of a longer line only the beginning is looked at, as of one in a file. */
export const maxLineBytes = 256 * 1024;

const newline = Buffer.from("\n");

/** One line of an entry, which may have several. */
type Line = { start: number; entry: number; number: number; isClipped: boolean };

/** The lines of entries that come where `from` says. */
export function journalChunk(label: string, entries: readonly UnitEntry[], from: JournalPosition): Chunk {
  const parts: Buffer[] = [];
  const lines: Line[] = [];
  let start = 0;
  for (const [entry, { message }] of entries.entries()) {
    const taken = entry === 0 ? (from.lines ?? 0) : 0;
    for (const [number, { line, isClipped }] of linesOf(message).entries()) {
      if (number < taken) continue;
      lines.push({ start, entry, number, isClipped });
      parts.push(line, newline);
      start += line.length + 1;
    }
  }
  const after = (entry: number): JournalPosition => {
    const its = entries[entry];
    return its ? { cursor: its.cursor, timeUsec: its.timeUsec } : from;
  };
  return {
    ...{ label, origin: {}, bytes: Buffer.concat(parts) },
    keyAt: (at) => {
      const { entry, number } = lineAt(lines, at);
      return `${entries[entry]?.cursor ?? ""}#${number}`;
    },
    isClippedAt: (at) => lineAt(lines, at).isClipped,
    positionAt: (at) => {
      if (at >= start) return after(entries.length - 1);
      const { entry, number } = lineAt(lines, at);
      return number === 0 ? after(entry - 1) : { ...after(entry - 1), lines: number };
    },
  };
}

/** None of an entry without a text. A newline at the end begins no other line. */
function linesOf(message: Buffer | undefined): { line: Buffer; isClipped: boolean }[] {
  if (!message) return [];
  const lines: { line: Buffer; isClipped: boolean }[] = [];
  for (let at = 0; at < message.length || lines.length === 0;) {
    const found = message.indexOf(newline, at);
    const end = found < 0 ? message.length : found;
    lines.push({ line: message.subarray(at, Math.min(end, at + maxLineBytes)), isClipped: end - at > maxLineBytes });
    at = end + 1;
  }
  return lines;
}

/** The last that begins at `at` or before it. */
function lineAt(lines: readonly Line[], at: number): Line {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lines[middle]?.start ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return lines[low] ?? { start: 0, entry: 0, number: 0, isClipped: false };
}
