import { readFileSync } from "node:fs";
import type { Family } from "@ostler/protocol";
import { gauge, only } from "../family.js";

/** Load averages: processes that run or wait to run, and those that wait for a disk. */
export function loadFigures(path = "/proc/loadavg"): () => Family[] {
  return () => {
    const loads = readFileSync(path, "utf8").split(" ").map(Number);
    return [1, 5, 15].map((minutes, at) =>
      gauge(`load${minutes}`, `Load average of ${minutes} minute${minutes === 1 ? "" : "s"}`, only(loads[at])),
    );
  };
}
