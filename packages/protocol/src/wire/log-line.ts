import * as z from "zod";

/** How grave a line of a log is, from the least severe to the most. */
export const logLevels = ["trace", "debug", "info", "warning", "error", "critical"] as const;
export type LogLevel = (typeof logLevels)[number];

/** A line that a service wrote: of a process, or of a log that its configuration names. */
export const logLine = z.object({
  service: z.string(),
  process: z.string().optional(),
  source: z.string().optional(),
  stream: z.string().describe("`stdout`, `stderr`; of a unit `journal`, or `systemd` when that speaks of it; `file`"),
  time: z.iso.datetime().describe("Its own time, or when it was written, as far as that is known"),
  level: z.enum(logLevels).optional(),
  text: z.string(),
  clipped: z.literal(true).optional().describe("It was longer than what is here"),
});
export type LogLine = z.infer<typeof logLine>;

/** What whoever reads should know besides the lines: something could not be read. */
export const logNote = z.object({ note: z.string() });
export type LogNote = z.infer<typeof logNote>;
