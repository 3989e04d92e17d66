import { nextRecord, recordAt, type JournalRecord } from "./record.js";

export type Scan = {
  records: JournalRecord[];
  /** Bytes that hold whole records (and damage between them); what follows is a torn tail. */
  wholeBytes: number;
  /** Damaged records after the last whole one: their seqs may have been seen by a reader and are never used again. */
  damagedAtEnd: number;
};

/** Everything readable in a segment. Damage in the middle is stepped over; whoever follows `seq` sees the hole. */
export function scan(bytes: Buffer): Scan {
  const records: JournalRecord[] = [];
  let at = 0;
  for (;;) {
    const here = recordAt(bytes, at);
    if (here.found === "record") {
      records.push(here.record);
      at = here.end;
      continue;
    }
    const next = nextRecord(bytes, at);
    if (next === undefined) break;
    at = next;
  }
  const rest = bytes.subarray(at);
  const wholeBytes = at + rest.lastIndexOf("\n") + 1;
  const damagedLines = rest.toString("latin1").split("\n").length - 1;
  // A write that was torn is cut short; what is damaged and is not was a record whose newline is damaged too.
  const damagedAtEnd = damagedLines + (recordAt(bytes, wholeBytes).found === "damage" ? 1 : 0);
  return { records, wholeBytes, damagedAtEnd };
}
