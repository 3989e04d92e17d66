import { isSameFile, type ByteSource, type Facts } from "./byte-source.js";
import type { Standing } from "./line-reader.js";
import {
  after,
  beginningOf,
  beginsLike,
  since,
  unknownOf,
  writtenAfter,
  type Beginning,
  type Surroundings,
} from "./newer.js";
import { isNothing, type Gap, type Position } from "./place.js";
import { atBeginning } from "./restore.js";
import type { Sibling } from "./siblings.js";
import { findOwn, openSibling, type Own } from "./trail.js";

/** A content that is open, to be read from some place on. Without a generation it is the next one. */
export type Content = {
  source: ByteSource;
  standing: Standing;
  isWhole: boolean;
  generation?: number;
  /** Of the file itself. */
  beginning?: Beginning;
};

export type Again = { contents: Content[]; gaps: Gap[] };

export type Circumstances = {
  around: Surroundings;
  /** Of what is at the path. */
  facts?: Facts;
  /** So long the file was once. */
  knownBytes: number;
  /** By the wall clock. */
  nowMs: number;
  /** Of the file, where nothing of it was read. */
  beginning?: Beginning;
};

/** So many rotated files are opened at once; the next look finds those that come after them. */
const maxOpened = 32;

/**
 * Finds where reading goes on after a position, in whatever has become of its file, and what came after it. Nothing while
 * neither is there. @throws ErrnoException, `ENOENT` when names have changed meanwhile
 */
export async function findAgain(
  position: Position,
  { around, facts, knownBytes, nowMs, beginning }: Circumstances,
): Promise<Again | undefined> {
  return allOrNone(async (opened) => {
    const own = isNothing(position) ? undefined : await findOwn(around.siblings, position, around);
    if (!own && !facts) return undefined;
    if (!own) await around.confirm(); // It may have been copied or renamed while it was looked for.
    if (own) opened.push(own.source);
    const late = await findLate(position, around, nowMs, opened);
    const isBlank = own?.standing.offset === 0;
    const newer = (own && after(around.siblings, own.sibling)) ?? [];
    const later =
      own && beginning ? since(around.siblings, beginning) : writtenAfter(around.siblings, position.modifiedMs);
    const isLater = (one: Sibling): boolean => later.includes(one) || one === own?.sibling;
    const wanted = around.siblings.filter((one) => newer.includes(one) || ((isBlank || !own) && isLater(one)));
    const unknown = await unknownOf(wanted, around);
    // It was emptied in place, and copied before all was written that was read of it.
    const isEmptied = !own && facts !== undefined && isSameFile(facts, position);
    const [oldest] = unknown;
    const isCut = isEmptied && oldest?.rotation !== undefined && (await beginsLike(oldest, position, around));
    const rest = await openAll(isCut ? unknown.slice(1) : unknown, around, opened);
    // A file of which nothing was read has no content to be known by: it is what was rotated since.
    const isMissed = position.offset > 0 || rest.length < 2;
    const isGap = !isNothing(position) && (own !== undefined || isMissed);
    const gap = isGap ? gapOf(own, position, facts, knownBytes, around.siblings) : undefined;
    if (isBlank) await own.source.close(); // It is among what follows, after copies that were made of it.
    const first = own && !isBlank ? [{ ...own, generation: position.generation }] : [];
    return { contents: [...late.contents, ...first, ...rest], gaps: [...late.gaps, ...(gap ? [gap] : [])] };
  });
}

async function findLate(
  { late = [] }: Position,
  around: Surroundings,
  nowMs: number,
  opened: ByteSource[],
): Promise<Again> {
  const again: Again = { contents: [], gaps: [] };
  for (const one of late) {
    if (around.held.some((file) => isSameFile(file, one))) continue;
    const { generation, offset } = one;
    const own = await findOwn(around.siblings, one, around);
    if (own) {
      opened.push(own.source);
      again.contents.push({ ...own, generation });
      continue;
    }
    await around.confirm();
    if (one.untilMs > nowMs) again.gaps.push({ reason: "rotated-away", from: { generation, offset } });
  }
  return again;
}

/** Each is opened before it can be rotated away. */
export async function openAll(
  siblings: readonly Sibling[],
  around: Surroundings,
  opened: ByteSource[],
): Promise<Content[]> {
  const contents: Content[] = [];
  for (const sibling of siblings.slice(0, maxOpened)) {
    const beginning = sibling.rotation ? undefined : await beginningOf(sibling, around);
    const source = await openSibling(sibling, around);
    opened.push(source);
    const isWhole = sibling.packing !== undefined;
    contents.push({ source, standing: atBeginning, isWhole, ...(beginning && { beginning }) });
  }
  return contents;
}

/** What was opened is closed again when the rest cannot be. */
export async function allOrNone<T>(open: (opened: ByteSource[]) => Promise<T>): Promise<T> {
  const opened: ByteSource[] = [];
  try {
    return await open(opened);
  } catch (failure) {
    for (const source of opened) await source.close();
    throw failure;
  }
}

/** Something is lost when nothing was found, or a copy that ends before what was known to be there. */
function gapOf(
  own: Own | undefined,
  { generation, offset, ...position }: Position,
  facts: Facts | undefined,
  knownBytes: number,
  siblings: readonly Sibling[],
): Gap | undefined {
  const end = own && !own.sibling.packing ? own.sibling.size : offset;
  const bytes = knownBytes > end ? { bytes: knownBytes - end } : {};
  if (own)
    return own.isWhole && knownBytes > end
      ? { reason: "truncated", ...bytes, from: { generation, offset: end } }
      : undefined;
  const wasRotated = siblings.some(({ rotation }) => rotation);
  const reason = facts && isSameFile(facts, position) ? "truncated" : wasRotated ? "rotated-away" : "replaced";
  return { reason, ...bytes, from: { generation, offset } };
}
