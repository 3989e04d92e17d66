import { readJournal, type JournalEntry } from "../../platform/journalctl.js";

/** A line of systemd's journal about a unit: `systemd` when systemd itself says it, `journal` what its processes say. */
export type JournalLine = { stream: "journal" | "systemd"; text: string };

/** The last lines of a unit, and with `follow` whatever comes after them, until the signal aborts. @throws OstlerError `failed` */
export async function* readUnit(
  unit: string,
  { last, follow }: { last: number; follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<JournalLine> {
  const args = [`--unit=${unit}`, `--lines=${last}`, ...(follow ? ["--follow"] : [])];
  for await (const entry of readJournal(args, signal)) yield* linesOf(entry);
}

/** The lines of an entry, which may have several. */
export function linesOf({ _PID: pid, UNIT: about, MESSAGE: message = "" }: JournalEntry): JournalLine[] {
  const stream = pid === "1" && about !== undefined ? "systemd" : "journal";
  return message.split("\n").map((text) => ({ stream, text }));
}
