import { isSameFile, type Facts, type Identity } from "./byte-source.js";
import type { FilePosition, Print } from "./place.js";
import { compareToPrint, headBytes } from "./print.js";
import type { Sibling } from "./siblings.js";
import { findOwn, openIfReadable, type How } from "./trail.js";

/** What there is beside a followed file, and what of it is known. */
export type Surroundings = How & {
  siblings: readonly Sibling[];
  /** Files that are open. */
  held: readonly Facts[];
  /** Contents that were read before, or are being read. */
  known: readonly Print[];
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
  const isPassed = (one: Sibling): boolean =>
    passed.some((other) => isSameFile(other, one) && other.modifiedMs === one.modifiedMs);
  return siblings.filter((one) => one.rotation && one.modifiedMs >= modifiedMs && !isPassed(one));
}

/** To begin with the file itself: a copy of what is in it now is none of those that have nothing to do with it. */
export async function beginningOf(itself: Sibling, around: Surroundings): Promise<Beginning> {
  const { modifiedMs } = itself;
  const head = await headOf(itself, around);
  const passed: Sibling[] = [];
  for (const one of around.siblings) {
    const its = one.rotation && one.modifiedMs >= modifiedMs ? await headOf(one, around) : undefined;
    if (one.rotation && !(its && head && isBeginning(its, head))) passed.push(one);
  }
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
 * Siblings without those that are held, or hold a content that is known, as whoever packs or copies a file leaves for a moment.
 * A copy of what is in the file itself now (or of `current`) is known, too; it may not be finished.
 * @throws ErrnoException `ENOENT` when names have changed
 */
export async function unknownOf(
  siblings: readonly Sibling[],
  around: Surroundings,
  current?: Buffer,
): Promise<Sibling[]> {
  const notHeld = siblings.filter((one) => !around.held.some((file) => isSameFile(file, one)));
  if (!notHeld.some(({ rotation }) => rotation)) return notHeld;
  const itself = around.siblings.find(({ rotation }) => !rotation);
  const its = current ?? (itself && (await headOf(itself, around)));
  const unknown: Sibling[] = [];
  for (const one of notHeld) {
    const head = one.rotation ? await headOf(one, around) : undefined;
    if (!head || !(isKnown(head, around.known) || (its && isBeginning(head, its)))) unknown.push(one);
  }
  return unknown;
}

function isKnown(head: Buffer, known: readonly Print[]): boolean {
  return known.some((print) => print.bytes > 0 && compareToPrint(head.subarray(0, print.bytes), print) === "same");
}

function isBeginning(a: Buffer, b: Buffer): boolean {
  const bytes = Math.min(a.length, b.length);
  return b.length > 0 && a.subarray(0, bytes).equals(b.subarray(0, bytes));
}

async function headOf(sibling: Sibling, how: How): Promise<Buffer | undefined> {
  const source = await openIfReadable(sibling, how);
  if (!source) return undefined;
  const buffer = Buffer.alloc(headBytes);
  const read = await source.read(buffer, headBytes, 0).catch(() => undefined); // Told when all of it is read.
  await source.close();
  return read === undefined ? undefined : buffer.subarray(0, read);
}
