import * as z from "zod";
import { exit } from "../events/service.js";
import type { CommandSpec } from "./index.js";

/** What a task leaves: also of one that failed, was withdrawn or took too long. */
export const taskResult = z.object({
  exit,
  stdout: z.string().describe("The last 64 KiB"),
  stderr: z.string().describe("The last 64 KiB"),
  clipped: z.boolean().describe("One of the two was longer: its beginning is missing"),
  tookMs: z.int(),
});
export type TaskResult = z.infer<typeof taskResult>;

export const taskCommands = {
  "task.run": {
    scope: "write",
    args: z.strictObject({ service: z.string().min(1).max(64), task: z.string().min(1).max(64) }),
    result: taskResult,
    about:
      "Run a task of a service. Done when it has ended with code 0; whatever else it does is a failure, with the same result.",
    ownTimeout: true,
  },
} satisfies Record<string, CommandSpec>;
