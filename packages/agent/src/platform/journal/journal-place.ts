import { wantedFields, type UnitEntry } from "./unit-entry.js";

/**
 * Where to go on in the journal of a unit: after the entry of the cursor; where there is none, at a time; else at the
 * beginning. `lines` of the entry that comes then have been taken already.
 */
export type JournalPosition = { cursor?: string; timeUsec?: number; lines?: number };

/** What journalctl is told. The entry of the cursor itself comes first, so that it is seen whether it is still there. */
export function argsFor(unit: string, { cursor, timeUsec }: JournalPosition, isFollowing: boolean): string[] {
  const output = ["--output=export", `--output-fields=${wantedFields.join()}`, "--quiet", "--no-pager"];
  const follow = isFollowing ? ["--follow", "--lines=all"] : [];
  return [`--unit=${unit}`, ...output, ...follow, ...placeArgs(cursor, timeUsec)];
}

function placeArgs(cursor: string | undefined, timeUsec: number | undefined): string[] {
  if (cursor !== undefined) return [`--cursor=${cursor}`];
  if (timeUsec === undefined) return [];
  const micros = String(timeUsec).padStart(7, "0");
  return [`--since=@${micros.slice(0, -6)}.${micros.slice(-6)}`];
}

/** Looks for the entry of a cursor where journalctl begins, and lets through what comes after it, or instead of it. */
export class CursorSearch {
  readonly #cursor: string | undefined;
  state: "seeking" | "found" | "gone";

  constructor(cursor: string | undefined) {
    this.#cursor = cursor;
    this.state = cursor === undefined ? "found" : "seeking";
  }

  rest(entries: UnitEntry[]): UnitEntry[] {
    let at = 0;
    for (const { cursor } of entries) {
      if (this.state !== "seeking") break;
      const is = compare(cursor, this.#cursor ?? "");
      if (is === "same") this.state = "found";
      if (is === "other") this.state = "gone";
      else at++;
    }
    return entries.slice(at);
  }
}

/**
 * Whether two cursors are those of the same entry. An entry that was copied from memory to the disk has another number in
 * another sequence: then it is one of those of the same moment, of which journalctl begins with the first.
 */
function compare(one: string, other: string): "same" | "near" | "other" {
  if (one === other) return "same";
  const [a, b] = [partsOf(one), partsOf(other)];
  const areEqual = (...names: string[]): boolean => names.every((name) => a.get(name) === b.get(name));
  if (areEqual("s") || !areEqual("b", "m", "t")) return "other";
  return areEqual("x") ? "same" : "near";
}

function partsOf(cursor: string): Map<string, string> {
  return new Map(cursor.split(";").map((part) => [part.slice(0, 1), part.slice(2)]));
}
