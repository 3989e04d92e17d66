import { sequenceOf } from "@ostler/protocol";
import type { DiskFile } from "../disk.js";

/** A file of the journal, named after the seq of its first event. */
export type Segment = { name: string; firstSeq: number; bytes: number; modifiedMs: number };

export type Limits = { maxBytes: number; maxAgeMs: number };

const suffix = ".journal";

export function segmentName(firstSeq: number): string {
  return sequenceOf(firstSeq) + suffix;
}

/** The segments among the files of a directory, oldest first. */
export function segmentsOf(files: readonly DiskFile[]): Segment[] {
  return files
    .filter(({ name }) => /^\d{16}\.journal$/.test(name))
    .map(({ name, bytes, modifiedMs }) => ({ name, firstSeq: Number(name.slice(0, 16)), bytes, modifiedMs }))
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

/** A segment is full at this size: a 32nd of the journal, so that dropping one loses little, and at most 2 MiB, so that opening is quick. */
export function segmentBytes({ maxBytes }: Limits): number {
  return Math.max(64 * 1024, Math.min(2 * 1024 * 1024, Math.floor(maxBytes / 32)));
}

/** The segments that size or age send away, oldest first. The last one always stays. */
export function expired(segments: readonly Segment[], { maxBytes, maxAgeMs }: Limits, nowMs: number): Segment[] {
  let total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const gone: Segment[] = [];
  for (const segment of segments.slice(0, -1)) {
    if (total <= maxBytes && nowMs - segment.modifiedMs <= maxAgeMs) break;
    gone.push(segment);
    total -= segment.bytes;
  }
  return gone;
}
