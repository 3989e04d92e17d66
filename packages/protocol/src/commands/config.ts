import * as z from "zod";
import { settingChange } from "../events/config.js";
import type { CommandSpec } from "./index.js";

const plan = z.object({ hash: z.string(), changes: z.array(settingChange) });

export const configCommands = {
  "config.reload": {
    scope: "admin",
    args: z.strictObject({}),
    result: plan,
    about: "Read the configuration file again and apply it as one transaction. What SIGHUP does.",
  },
  "config.plan": {
    scope: "admin",
    args: z.strictObject({
      file: z.string().min(1).max(4096).optional().describe("Absolute path on the host; its own file when absent"),
    }),
    result: plan,
    about: "Say what a reload to a file would change, and change nothing.",
  },
} satisfies Record<string, CommandSpec>;
