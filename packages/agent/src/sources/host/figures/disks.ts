import { readFileSync } from "node:fs";
import type { Family } from "@ostler/protocol";
import { counter, gauge } from "../family.js";

/** The kernel counts in sectors of this size, whatever the disk's own is. */
const sectorBytes = 512;
/** More disks than these are not shown. */
const maxDisks = 64;
/** What is no disk but looks like one, and what is only a part of one. */
const skipped = /^(loop|ram|zram|fd|sr|dm-|nbd)\d|^(sd|vd|xvd|hd)[a-z]+\d+$|^(nvme\d+n\d+|mmcblk\d+)p\d+$/;

/** What every disk as a whole has read and written, and for how long it was busy with it. */
export function diskFigures(path = "/proc/diskstats"): () => Family[] {
  return () => {
    const rows = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , device = ""]) => device !== "" && !skipped.test(device))
      .slice(0, maxDisks);
    const of = (at: number, unit: number): [{ device: string }, number | undefined][] =>
      rows.map((row) => [{ device: row[2] ?? "" }, row[at] === undefined ? undefined : Number(row[at]) * unit]);
    return [
      counter("disk_reads_total", "Reads that were completed", of(3, 1)),
      counter("disk_read_bytes_total", "Bytes read", of(5, sectorBytes)),
      counter("disk_read_seconds_total", "Time that reads took, all together", of(6, 0.001)),
      counter("disk_writes_total", "Writes that were completed", of(7, 1)),
      counter("disk_written_bytes_total", "Bytes written", of(9, sectorBytes)),
      counter("disk_write_seconds_total", "Time that writes took, all together", of(10, 0.001)),
      gauge("disk_io_now", "Reads and writes that are in progress", of(11, 1)),
      counter("disk_io_seconds_total", "Time in which the disk was busy", of(12, 0.001)),
    ];
  };
}
