import { isSameFile, type ByteSource, type Facts, type Identity } from "./byte-source.js";
import type { FilePosition } from "./place.js";
import { compareToPrint, headBytes } from "./print.js";
import { restore } from "./restore.js";
import type { Sibling } from "./siblings.js";
import { findOwn, openIfReadable, type How } from "./trail.js";

/** What there is beside a followed file, and what of it is known. */
export type Surroundings = How & {
  siblings: readonly Sibling[];
  /** Files that are open. */
  held: readonly Facts[];
  /** Contents that were read before, or are being read. */
  known: readonly FilePosition[];
  /** Rotated siblings that were there before the file was begun, and have nothing to do with it. */
  passed: readonly Facts[];
  /** @throws ErrnoException `ENOENT` when names have changed since */
  confirm: () => Promise<void>;
};

/** Siblings after one of them; nothing when it is none. */
export function after(siblings: readonly Sibling[], one: Identity): Sibling[] | undefined {
  const at = siblings.findIndex((other) => isSameFile(other, one));
  return at < 0 ? undefined : siblings.slice(at + 1);
}

/** Siblings that were written to after a moment, and the file itself. */
export function writtenAfter(siblings: readonly Sibling[], modifiedMs: number): Sibling[] {
  return siblings.filter((one) => !one.rotation || one.modifiedMs > modifiedMs);
}

/** When a file was begun: when it had been written to last, and which rotated siblings had nothing to do with it. */
export type Beginning = { modifiedMs: number; passed: readonly Facts[] };

/** Rotated siblings that may hold what was in the file since it was begun. Times alone would not do: a clock of files is coarse. */
export function since(siblings: readonly Sibling[], { modifiedMs, passed }: Beginning): Sibling[] {
  return siblings.filter((one) => one.rotation && one.modifiedMs >= modifiedMs && !isAmong(passed, one));
}

function isAmong(passed: readonly Facts[], one: Facts): boolean {
  return passed.some((other) => isSameFile(other, one) && other.modifiedMs === one.modifiedMs);
}

/** To begin with the file itself: a copy of what is in it now is none of those that have nothing to do with it. */
export async function beginningOf(itself: Sibling, around: Surroundings): Promise<Beginning> {
  const { modifiedMs } = itself;
  const passed: Sibling[] = [];
  for (const one of around.siblings)
    if (one.rotation && !(one.modifiedMs >= modifiedMs && (await isCopy(one, itself, around)))) passed.push(one);
  return { modifiedMs, passed };
}

/** What is to be read after a file that is held: what comes after it, or after its copy, or what was written later. */
export async function newerThan(position: FilePosition, around: Surroundings): Promise<Sibling[]> {
  const { siblings } = around;
  const newer = after(siblings, position);
  if (newer) return unknownOf(newer, around);
  const copy = await findOwn(siblings, position, around);
  await copy?.source.close();
  return unknownOf((copy && after(siblings, copy.sibling)) ?? writtenAfter(siblings, position.modifiedMs), around);
}

/**
 * Siblings without those that are held, or hold a content that is known, as whoever packs or copies a file leaves for a moment;
 * also without a copy of what is in the file itself now, which may not be finished.
 * @throws ErrnoException `ENOENT` when names have changed
 */
export async function unknownOf(siblings: readonly Sibling[], around: Surroundings): Promise<Sibling[]> {
  const itself = around.siblings.find(({ rotation }) => !rotation);
  const unknown: Sibling[] = [];
  for (const one of siblings) {
    if (around.held.some((file) => isSameFile(file, one)) || isAmong(around.passed, one)) continue;
    const isOld = one.rotation && ((await isKnown(one, around)) || (itself && (await isCopy(one, itself, around))));
    if (!isOld) unknown.push(one);
  }
  return unknown;
}

async function isKnown(sibling: Sibling, around: Surroundings): Promise<boolean> {
  for (const position of around.known) {
    const found = await withSource(sibling, around, (source) => restore(source, position, false));
    if (found) return true;
  }
  return false;
}

/** Does a sibling begin like the content of a position, and end before it? Of one that is known by little that says nothing. */
export async function beginsLike(sibling: Sibling, { fingerprint, offset }: FilePosition, how: How): Promise<boolean> {
  if (fingerprint.bytes < headBytes || sibling.size >= offset || sibling.packing) return false;
  const head = Buffer.alloc(headBytes);
  const read = await withSource(sibling, how, (source) => source.read(head, headBytes, 0));
  return read === headBytes && compareToPrint(head, fingerprint) === "same";
}

/** Is all of a sibling what a file begins with? One that is being copied is shorter, and has the same before its end. */
async function isCopy(sibling: Sibling, itself: Sibling, how: How): Promise<boolean> {
  if (sibling.packing) return false;
  const copy = await withSource(sibling, how, async (source) => {
    const { size } = await source.facts();
    return { size, ends: await endsOf(source, size) };
  });
  if (!copy) return false;
  const ends = await withSource(itself, how, (source) => endsOf(source, copy.size));
  return ends?.equals(copy.ends) ?? false;
}

/** What is at the beginning, and before an offset. */
async function endsOf(source: ByteSource, offset: number): Promise<Buffer> {
  const bytes = Math.min(headBytes, offset);
  const [head, tail] = [Buffer.alloc(bytes), Buffer.alloc(bytes)];
  const read = [await source.read(head, bytes, 0), await source.read(tail, bytes, offset - bytes)];
  return Buffer.concat([head.subarray(0, read[0]), tail.subarray(0, read[1])]);
}

/** Nothing when it cannot be read, which will be told when it should be. */
async function withSource<T>(
  sibling: Sibling,
  how: How,
  look: (source: ByteSource) => Promise<T>,
): Promise<T | undefined> {
  const source = await openIfReadable(sibling, how);
  if (!source) return undefined;
  try {
    return await look(source);
  } catch {
    return undefined;
  } finally {
    await source.close();
  }
}
