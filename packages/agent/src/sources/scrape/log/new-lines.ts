import { baseName } from "@ostler/protocol";
import type { LogNumbers } from "../../../config/numbers/log.js";
import { readJournal } from "../../../platform/journalctl.js";
import { SpoolLines, startOfLastLine } from "../../../platform/spool-lines.js";
import { spoolsOf, type Spool } from "../../../platform/spool.js";

/** Where the output of a service is: in the spools of its processes, or in the journal, when it is a unit of systemd. */
export type Output = { service: string; spools: string; unit: string | undefined };

/** The lines that have come since the last look, some at once. What was read when the signal aborts is not read again. */
export type NewLines = (signal: AbortSignal) => AsyncIterable<string[]>;

/** So many lines of the journal are handed on at once. */
const journalLinesAtOnce = 500;

/** Of a longer line of the journal only the beginning is looked at, as of any other line. */
const maxLineLength = 16 * 1024;

/** Begins where the output ends now. @throws when it cannot be read */
export function newLines(wanted: Pick<LogNumbers, "process" | "stream">, { service, spools, unit }: Output): NewLines {
  if (unit !== undefined) return newInJournal(unit);
  return newInSpools(() =>
    spoolsOf(spools, service).filter(
      ({ process, stream }) =>
        (wanted.process === undefined || baseName(process) === wanted.process) &&
        (wanted.stream === undefined || stream === wanted.stream),
    ),
  );
}

/** A spool that is not there yet is read from its beginning. */
function newInSpools(list: () => Spool[]): NewLines {
  const known = new Map(list().map(({ path }) => [path, new SpoolLines(path, startOfLastLine(path))]));
  return async function* (signal) {
    for (const { path } of list()) {
      const lines = known.get(path) ?? new SpoolLines(path, 0);
      known.set(path, lines);
      yield* lines.more(false, signal);
    }
  };
}

/** Begins with the first look. */
function newInJournal(unit: string): NewLines {
  let begun = false;
  let cursor: string | undefined;
  return async function* (signal) {
    const place = cursor === undefined ? [] : [`--after-cursor=${cursor}`];
    const first = begun ? place : ["--lines=1"];
    let lines: string[] = [];
    for await (const { __CURSOR, _PID, UNIT, MESSAGE = "" } of readJournal([`--unit=${unit}`, ...first], signal)) {
      cursor = __CURSOR ?? cursor;
      if (!begun || (_PID === "1" && UNIT !== undefined)) continue; // What systemd says of it is not its output.
      for (const line of MESSAGE.split("\n")) lines.push(line.slice(0, maxLineLength));
      if (lines.length < journalLinesAtOnce) continue;
      yield lines;
      lines = [];
    }
    if (lines.length > 0) yield lines;
    if (!signal.aborted) begun = true;
  };
}
