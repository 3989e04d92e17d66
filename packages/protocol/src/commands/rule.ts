import * as z from "zod";
import type { CommandSpec } from "./index.js";

export const ruleCommands = {
  "rule.baseline": {
    scope: "write",
    args: z.strictObject({
      service: z.string().min(1).max(64),
      rule: z.string().min(1).max(80),
      value: z.number().optional().describe("What the rule sees now when absent"),
    }),
    result: z.object({ value: z.number() }),
    about: "Set the value that a rule with `regression` compares with from now on.",
  },
} satisfies Record<string, CommandSpec>;
