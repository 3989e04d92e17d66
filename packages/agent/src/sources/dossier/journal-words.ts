import { readJournal, type JournalEntry } from "../../platform/journalctl.js";

/** A run of a unit of systemd, and when it began and ended, in milliseconds since 1970. */
export type UnitRun = { unit: string; pid: number; fromMs: number; toMs: number };

/** The journal takes a moment; what comes later than this after the end is missed. */
const lagMs = 1000;

/** More entries than this say no more about one end. */
const maxEntries = 200;

/** The last lines that a run wrote into the journal, systemd's own words about its unit not counted. @throws OstlerError `failed` */
export async function journalWords({ unit, pid, fromMs, toMs }: UnitRun, signal: AbortSignal): Promise<string[]> {
  const span = [`--since=@${Math.floor(fromMs / 1000)}`, `--until=@${Math.ceil((toMs + lagMs) / 1000)}`];
  const entries: JournalEntry[] = [];
  const args = [...span, `--lines=${maxEntries}`, `_SYSTEMD_UNIT=${unit}`];
  for await (const entry of readJournal(args, signal)) entries.push(entry);
  return ofRun(entries, pid).flatMap(({ MESSAGE: message = "" }) => message.split("\n").filter((text) => text !== ""));
}

/** Only those of the start of the unit that a process belongs to, where it has said anything that tells which one that is. */
export function ofRun(entries: readonly JournalEntry[], pid: number): JournalEntry[] {
  const invocation = entries.findLast(({ _PID }) => _PID === String(pid))?._SYSTEMD_INVOCATION_ID;
  return entries.filter(
    ({ _SYSTEMD_INVOCATION_ID: its }) => invocation === undefined || its === undefined || its === invocation,
  );
}
