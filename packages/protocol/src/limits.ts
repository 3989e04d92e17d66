import * as z from "zod";

export const limitAction = z.enum(["none", "restart", "stop"]);
export type LimitAction = z.infer<typeof limitAction>;

/** A limit that a process is watched for. */
export const limit = {
  what: z.enum(["memory", "cpu", "children", "open_files"]),
  child: z.string().optional().describe("Name of the processes that are counted, for `children`"),
  bound: z.enum(["at-most", "at-least"]),
  limit: z.number().describe("Bytes, percent of one core, processes, open files"),
};

export const measuredLimit = z.object({ ...limit, value: z.number().describe("What was measured, in the same unit") });
export type MeasuredLimit = z.infer<typeof measuredLimit>;

/** `memory 600 MiB, more than 512 MiB`. */
export function limitInWords({ what, child, bound, value, limit: wanted }: MeasuredLimit): string {
  const counted = what === "children" ? `processes ${child ?? ""}` : nouns[what];
  const than = bound === "at-most" ? "more than" : "fewer than";
  return `${counted.trim()} ${amount(what, value)}, ${than} ${amount(what, wanted)}`;
}

const nouns = { memory: "memory", cpu: "CPU", open_files: "open files" };

function amount(what: MeasuredLimit["what"], value: number): string {
  switch (what) {
    case "memory":
      return bytesInWords(value);
    case "cpu":
      return `${Math.round(value)} %`;
    case "children":
    case "open_files":
      return String(value);
    default:
      return what satisfies never;
  }
}

/** `512 B`, `1.5 KiB`, `600 MiB`. */
export function bytesInWords(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const size = Math.max(1, Math.abs(bytes));
  const power = Math.min(units.length - 1, Math.floor(Math.log2(size) / 10));
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${units[power]}`;
}
