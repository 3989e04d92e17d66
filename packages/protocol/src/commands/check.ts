import * as z from "zod";
import type { CommandSpec } from "./index.js";

/** What one probe found. A check that fails is a result: the command has done its work. */
export const checkResult = z.object({
  status: z.enum(["pending", "passed", "warned", "failed"]).describe("`pending`: it is too early to say"),
  reason: z.string().optional(),
  tookMs: z.number(),
});
export type CheckResult = z.infer<typeof checkResult>;

export const checkCommands = {
  "check.run": {
    scope: "write",
    args: z.strictObject({ service: z.string().min(1).max(64), check: z.string().min(1).max(64) }),
    result: checkResult,
    about:
      "Ask a check once, now, whether or not its service runs. What it finds is the result; the standing of the check does not change by it.",
  },
} satisfies Record<string, CommandSpec>;
