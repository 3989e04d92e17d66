import * as z from "zod";
import { parseDuration } from "../duration.js";
import type { CommandSpec } from "./index.js";

const service = z.string().min(1).max(64);

const maxMs = 7 * 24 * 60 * 60 * 1000;

const span = z
  .string()
  .max(32)
  .refine((text) => {
    const ms = parseDuration(text) ?? 0;
    return ms >= 1000 && ms <= maxMs;
  }, "must be a duration like 15m or 2h, at least 1s and at most 7d")
  .describe("Like `15m`; at most `7d`. That of the configuration when absent");

export const debugCommands = {
  "debug.on": {
    scope: "write",
    args: z.strictObject({ service, for: span.optional() }),
    result: z.object({}),
    about:
      "Restart a service with the environment of its `debug`, and again without it when the time is over. Where that is so already, it gets another end.",
    needsReason: true,
  },
  "debug.off": {
    scope: "write",
    args: z.strictObject({ service }),
    result: z.object({}),
    about: "Restart a service with its usual environment before the time of its `debug` is over.",
  },
} satisfies Record<string, CommandSpec>;
