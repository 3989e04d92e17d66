import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Access } from "./access.js";
import { isSameFile, toFacts, type Facts, type Identity } from "./byte-source.js";
import { namesIn } from "./names-in.js";
import { packingOf, type Packing } from "./packing.js";
import { isBefore, rotationOf, type Rotation } from "./rotation-names.js";

/** A file that a followed one became when it was rotated; or, without `rotation`, the followed one itself. */
export type Sibling = Facts & { path: string; rotation?: Rotation; packing?: Packing };

/** Of more names in one directory the rest is not looked at. */
const maxNames = 10_000;
/** A listing is believed when it comes twice: names are changed one by one while somebody rotates. */
const maxListings = 5;

/**
 * The siblings of a path, oldest first, and at the end itself. Where it is a link, also those beside its target, and there the
 * `wanted` file under any name: a link may be switched from one to the other. While names keep changing, nothing.
 */
export async function siblingsOf(path: string, access: Access, wanted?: Identity): Promise<Sibling[] | undefined> {
  let last: Sibling[] | undefined;
  for (let attempt = 0; attempt < maxListings; attempt++) {
    const found = await list(path, access, wanted);
    if (isSameListing(found, last)) return found;
    last = found;
  }
  return undefined;
}

/** Are the same files under the same names? */
export function isSameListing(a: readonly Sibling[], b: readonly Sibling[] | undefined): boolean {
  return a.length === b?.length && a.every((one, at) => one.path === b[at]?.path && isSameFile(one, b[at]));
}

async function list(path: string, access: Access, wanted: Identity | undefined): Promise<Sibling[]> {
  const target = await access.ask(() => realpath(path)).catch(() => path); // Nothing is there (yet).
  const found = await beside(path, access);
  if (target !== path)
    for (const one of await beside(target, access, wanted))
      if (!found.some((other) => isSameFile(other, one))) found.push(one);
  return found.sort(byAge);
}

async function beside(path: string, access: Access, wanted?: Identity): Promise<Sibling[]> {
  const [directory, base] = [dirname(path), basename(path)];
  const all = await namesIn(directory, access).catch(() => [base]); // Who may not list it may know the name.
  const names = all.length > maxNames ? [base, ...all.filter((name) => name !== base).slice(0, maxNames)] : all;
  const found: Sibling[] = [];
  for (const name of names) {
    const rotation = name === base ? undefined : (rotationOf(base, name) ?? (wanted && { kind: "other" as const }));
    if (name !== base && !rotation) continue;
    const packing = packingOf(name);
    // While it is being packed, there are both; the packed one is not whole.
    if (packing && names.includes(name.slice(0, -packing.suffix.length))) continue;
    const stats = await access.look(join(directory, name)).catch(() => undefined); // It is none that could be read.
    if (!stats?.isFile()) continue;
    const facts = toFacts(stats);
    if (name !== base && !rotationOf(base, name) && !(wanted && isSameFile(facts, wanted))) continue;
    const known = { ...(rotation && { rotation }), ...(packing && { packing }) };
    found.push({ ...facts, path: join(directory, name), ...known });
  }
  return found;
}

function byAge(a: Sibling, b: Sibling): number {
  if (!a.rotation || !b.rotation) return Number(!a.rotation) - Number(!b.rotation);
  return isBefore(a.rotation, b.rotation) ?? a.modifiedMs - b.modifiedMs;
}
