import * as z from "zod";
import { alertSeverity } from "./alert.js";

/** What a pattern wants to be done when it is seen. */
export const patternAction = z.object({
  do: z.enum(["restart", "stop", "task"]),
  task: z.string().optional().describe("The task of the service that is run"),
});
export type PatternAction = z.infer<typeof patternAction>;

/** Where a line was written. */
const written = {
  service: z.string(),
  source: z.string().describe("Name of the entry of `logs`"),
  process: z.string().optional().describe("Of output: the process that wrote it"),
  stream: z.enum(["stdout", "stderr"]).optional(),
  file: z.string().optional().describe("Of a file: its path"),
};

const ofPattern = { service: z.string(), pattern: z.string(), severity: alertSeverity };

/** What is known of a pattern from the configuration, for whoever reads of it at night. */
const known = {
  meaning: z.string().optional().describe("What such a line shows"),
  cause: z.string().optional().describe("What usually is the reason"),
  resolution: z.string().optional().describe("What to do about it"),
};

/** What the lines of services show. Lines are no events; only what a pattern makes of them is. */
export const logEvents = {
  "pattern.matched": z
    .object({
      ...ofPattern,
      ...written,
      line: z.string(),
      clipped: z.boolean().optional().describe("Whether the line was longer: only its beginning is told"),
      more: z.array(z.string()).optional().describe("Lines that belong to it, like those of a stack trace"),
      captures: z.record(z.string(), z.string()).optional().describe("What the named groups of the pattern found"),
      level: z.string().optional().describe("What the line says of itself"),
      writtenAt: z.string().optional().describe("The time in the line"),
      ...known,
      suppressed: z.int().describe("How many matches before this one were only counted, since the last that was told"),
      key: z.string().describe("The same line has the same key, also when it is read again"),
      action: patternAction.optional(),
    })
    .describe("A line matched a pattern. More of them than its `limit` are only counted."),
  "pattern.suppressed": z
    .object({ ...ofPattern, source: z.string(), count: z.int() })
    .describe("A pattern matched more often than its `limit` lets be told, and now no more: so often since the last."),
  "pattern.missed": z
    .object({
      ...ofPattern,
      process: z.string(),
      run: z.int(),
      withinMs: z.int(),
      ...known,
    })
    .describe("A process was started, and no line has matched the pattern within the time it has for that."),
  "pattern.removed": z
    .object({ service: z.string(), pattern: z.string() })
    .describe("A pattern left the configuration: what was known of it is of no use any more."),
  "log.gapped": z
    .object({
      ...written,
      reason: z
        .enum([
          "rotated-away",
          "truncated",
          "freed",
          "replaced",
          "vacuumed",
          "rate-limited",
          "not-forwarded",
          "unreadable",
        ])
        .describe(
          "A rotated file was gone before it was read; a file was emptied before its end was read; the oldest output was given back to the disk; another file took its place; the journal has dropped it; the journal has not taken it, because more came than its rate limit lets in; it could not be forwarded; a rotated file cannot be read",
        ),
      bytes: z.int().optional().describe("How much it was, where that is known"),
      lines: z.int().optional(),
      detail: z.string().optional(),
      gaps: z.int().optional().describe("How many gaps these are, where many came within some seconds"),
    })
    .describe("Lines of a source were lost before they were looked at, or may have been."),
};
