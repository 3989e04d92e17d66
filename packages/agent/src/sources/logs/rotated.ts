/** How a file is packed, by the end of its name. */
export type Packing = "gz" | "zst" | "xz" | "bz2";

/** A file that was rotated away: its number, or its date, as they stand in its name. */
export type Rotated = { name: string; packing?: Packing; number?: number; date?: string };

/** Behind the name of a log, or before its extension: `.1`, `-20261121`, `.2026-11-21`, `-20261121-1763700000`. */
const suffix = String.raw`(?:\.(?<number>\d{1,5})|[-._](?<date>\d{4}-?\d\d-?\d\d(?:[-_T.]?\d{1,10})?))`;
const packed = String.raw`(?:\.(?<packing>gz|zst|xz|bz2))?`;

/** The files among these names that a log was rotated to; of one that is there packed and unpacked, the unpacked one. */
export function rotatedOf(log: string, names: readonly string[]): Rotated[] {
  const found = names.flatMap((name) => asRotated(log, name) ?? []);
  const unpacked = new Set(found.filter(({ packing }) => packing === undefined).map(({ name }) => name));
  return found.filter(({ name, packing }) => packing === undefined || !unpacked.has(unpackedName(name, packing)));
}

/** Oldest first: by when they were last written, and where that is the same, by their names. */
export function oldestFirst(a: Rotated & { mtimeMs: number }, b: Rotated & { mtimeMs: number }): number {
  if (a.mtimeMs !== b.mtimeMs) return a.mtimeMs - b.mtimeMs;
  if (a.number !== undefined && b.number !== undefined) return b.number - a.number;
  return (a.date ?? "").localeCompare(b.date ?? "");
}

function asRotated(log: string, name: string): Rotated | undefined {
  const dot = log.lastIndexOf(".");
  const [stem, extension] = dot > 0 ? [log.slice(0, dot), log.slice(dot)] : [log, ""];
  const behind = name.startsWith(log) ? matched(name.slice(log.length), "") : undefined;
  const before = name.startsWith(stem) ? matched(name.slice(stem.length), extension) : undefined;
  const groups = behind ?? before;
  if (!groups) return undefined;
  const { number, date, packing } = groups;
  return {
    name,
    ...(packing === undefined ? {} : { packing: packing as Packing }),
    ...(number === undefined ? {} : { number: Number(number) }),
    ...(date === undefined ? {} : { date }),
  };
}

function matched(rest: string, extension: string): Record<string, string | undefined> | undefined {
  const literal = extension.replaceAll(/[^\w]/g, "\\$&");
  return new RegExp(`^${suffix}${literal}${packed}$`).exec(rest)?.groups;
}

function unpackedName(name: string, packing: Packing): string {
  return name.slice(0, -packing.length - 1);
}
