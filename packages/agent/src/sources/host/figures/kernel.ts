import { readFileSync } from "node:fs";
import type { Family } from "@ostler/protocol";
import { counter, gauge, only } from "../family.js";

/** What the kernel has killed for lack of memory, and how many files are open on the host. */
export function kernelFigures(vmstat = "/proc/vmstat", fileNr = "/proc/sys/fs/file-nr"): () => Family[] {
  return () => {
    const kills = /^oom_kill (\d+)/m.exec(readFileSync(vmstat, "utf8"))?.[1];
    const [open, , most] = readFileSync(fileNr, "utf8").trim().split(/\s+/).map(Number);
    return [
      counter(
        "oom_kills_total",
        "Processes that the kernel killed for lack of memory",
        only(kills === undefined ? undefined : Number(kills)),
      ),
      gauge("open_files", "Open files of all processes", only(open)),
      gauge("open_files_max", "How many files may be open", only(most)),
    ];
  };
}
