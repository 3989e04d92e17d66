import { packingOf, type Packing } from "./packing.js";

/** What the name of a rotated file says: how often it was rotated since, or when it was. */
export type Rotation = { kind: "count"; count: number } | { kind: "date"; text: string } | { kind: "other" };

/** As in `.1` or `.old`; longer numbers are dates. */
const counted = /^[._-](\d{1,5})$/;
const dated = /^[._-](\d[-\dT:._+Z]*)$/;
const other = /^[._-](old|bak|prev)$/;
/** A date that comes before the ending of the name, as in `app-20261121.log`. */
const datedInside = /^[._-]((?:\d{4}-\d\d-\d\d|\d{8})[-\dT:._+Z]*)$/;

/** How a name says that it is what a file became when it was rotated, packed or not; nothing when it does not say so. */
export function rotationOf(base: string, name: string): Rotation | undefined {
  const dot = base.lastIndexOf(".");
  const stem = dot > 0 ? base.slice(0, dot) : base;
  if (!name.startsWith(stem)) return undefined;
  const packing = packingOf(name);
  const plain = packing ? name.slice(0, -packing.suffix.length) : name;
  if (plain === base) return packing ? { kind: "other" } : undefined;
  if (plain.startsWith(base)) return suffix(plain.slice(base.length));
  if (dot <= 0 || !plain.endsWith(base.slice(dot))) return undefined;
  const inside = datedInside.exec(plain.slice(dot, -(base.length - dot)));
  return inside ? { kind: "date", text: inside[1] ?? "" } : undefined;
}

/** A file that a log became when it was rotated, as its name says. */
export type Rotated = { name: string; rotation: Rotation; packing?: Packing };

/** The files among these names that a log was rotated to; of one that is there packed and unpacked, the unpacked one. */
export function rotatedOf(log: string, names: readonly string[]): Rotated[] {
  const all = new Set(names);
  return names.flatMap((name) => {
    const rotation = rotationOf(log, name) ?? countInside(log, name);
    if (!rotation) return [];
    const packing = packingOf(name);
    if (!packing) return [{ name, rotation }];
    return all.has(name.slice(0, -packing.suffix.length)) ? [] : [{ name, rotation, packing }];
  });
}

/** As in `app.1.log`. That may as well be a log of its own, so a follower does not take it for a rotated one. */
function countInside(base: string, name: string): Rotation | undefined {
  const packing = packingOf(name);
  const plain = packing ? name.slice(0, -packing.suffix.length) : name;
  const dot = base.lastIndexOf(".");
  if (dot <= 0 || !plain.startsWith(base.slice(0, dot)) || !plain.endsWith(base.slice(dot))) return undefined;
  const inside = /^\.(\d{1,5})$/.exec(plain.slice(dot, -(base.length - dot)));
  return inside ? { kind: "count", count: Number(inside[1]) } : undefined;
}

function suffix(text: string): Rotation | undefined {
  const count = counted.exec(text);
  if (count) return { kind: "count", count: Number(count[1]) };
  const date = dated.exec(text);
  if (date) return { kind: "date", text: date[1] ?? "" };
  return other.test(text) ? { kind: "other" } : undefined;
}

/** Negative when a is older than b; nothing when the names do not tell. */
export function isBefore(a: Rotation, b: Rotation): number | undefined {
  if (a.kind === "count" && b.kind === "count") return b.count - a.count;
  if (a.kind === "date" && b.kind === "date") return a.text.localeCompare(b.text, "en", { numeric: true });
  return undefined;
}
