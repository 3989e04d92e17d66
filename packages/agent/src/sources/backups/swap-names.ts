import { join } from "node:path";

const suffix = ".swap";

/** Where it is written down what a restore of a set has begun. Names have no dot. */
export function swapRecordOf(records: string, { service, backup }: { service: string; backup: string }): string {
  return join(records, `${service}.${backup}${suffix}`);
}

/** The set whose record a file is; nothing for another file. */
export function setOfSwapRecord(file: string): { service: string; backup: string } | undefined {
  if (!file.endsWith(suffix)) return undefined;
  const [service = "", backup = ""] = file.slice(0, -suffix.length).split(".");
  return { service, backup };
}
