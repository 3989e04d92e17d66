import { OstlerError } from "@ostler/protocol";
import type { Fields } from "./export-reader.js";

/** An entry of the journal about a unit. */
export type UnitEntry = {
  cursor: string;
  timeUsec: number;
  /** What the unit's processes wrote; none where somebody else says something about the unit. */
  message: Buffer | undefined;
  /** Where journald says that it has not taken so many entries, because there were too many. */
  dropped?: number;
};

/** The fields that are asked for, besides those that every entry has. */
export const wantedFields = [
  ...["MESSAGE", "_PID", "_SYSTEMD_UNIT", "_TRANSPORT"],
  ...["UNIT", "OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT", "N_DROPPED"],
];

/** @throws OstlerError `failed` for what has not what every entry has */
export function unitEntry(fields: Fields): UnitEntry {
  const cursor = fields.get("__CURSOR")?.toString();
  const timeUsec = Number(fields.get("__REALTIME_TIMESTAMP")?.toString());
  if (cursor === undefined || !Number.isSafeInteger(timeUsec))
    throw new OstlerError(
      "failed",
      `journalctl wrote an entry without a cursor or a time: ${[...fields.keys()].join()}`,
    );
  if (!isAbout(fields)) return { cursor, timeUsec, message: fields.get("MESSAGE") };
  const dropped = fields.get("_TRANSPORT")?.toString() === "driver" ? Number(fields.get("N_DROPPED")?.toString()) : NaN;
  return { cursor, timeUsec, message: undefined, ...(Number.isSafeInteger(dropped) ? { dropped } : {}) };
}

/** What systemd says of a unit, what journald says of one of its processes, and the report of a core dump are not its output. */
function isAbout(fields: Fields): boolean {
  const text = (name: string): string | undefined => fields.get(name)?.toString();
  if (text("_PID") === "1" && fields.has("UNIT")) return true;
  const speaker = text("_SYSTEMD_UNIT");
  return ["OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT"].some((name) => fields.has(name) && text(name) !== speaker);
}
