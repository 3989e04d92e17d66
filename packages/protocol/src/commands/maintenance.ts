import * as z from "zod";
import { parseDuration } from "../duration.js";
import type { CommandSpec } from "./index.js";

const service = z.string().min(1).max(64).optional().describe("The whole host when absent");

const maxMs = 30 * 24 * 60 * 60 * 1000;

const span = z
  .string()
  .max(32)
  .refine((text) => {
    const ms = parseDuration(text) ?? 0;
    return ms >= 1 && ms <= maxMs;
  }, "must be a duration like 30m or 2h, at most 30d")
  .describe("Like `30m`; at most `30d`");

export const maintenanceCommands = {
  "maintenance.on": {
    scope: "write",
    args: z.strictObject({ service, for: span }),
    result: z.object({}),
    about:
      "Begin maintenance of a service or of the whole host: until its end nothing is restarted by itself. Where it is on already, it gets this end and this reason.",
    needsReason: true,
  },
  "maintenance.off": {
    scope: "write",
    args: z.strictObject({ service }),
    result: z.object({}),
    about: "End maintenance before its time. What ended meanwhile is started again by its restart policy.",
  },
} satisfies Record<string, CommandSpec>;
