import * as z from "zod";
import type { CommandSpec } from "./index.js";

const target = z.strictObject({
  service: z.string().min(1).max(64),
  process: z.string().min(1).max(64).optional().describe("One process; all of them when absent"),
});

export const serviceCommands = {
  "service.start": {
    scope: "write",
    args: target,
    result: z.object({}),
    about: "Start a service, or one of its processes. Done when it runs; doing it twice is doing it once.",
  },
  "service.stop": {
    scope: "write",
    args: target,
    result: z.object({}),
    about: "Stop a service, or one process, and keep it stopped until it is started or the host reboots.",
  },
  "service.restart": {
    scope: "write",
    args: target,
    result: z.object({}),
    about: "Stop, then start. Done when the new processes run.",
  },
} satisfies Record<string, CommandSpec>;
