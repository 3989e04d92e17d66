import * as z from "zod";
import type { CommandSpec } from "./index.js";

const target = z.strictObject({
  service: z.string().min(1).max(64),
  process: z.string().min(1).max(72).optional().describe("One process; all of them when absent"),
});

const whole = z.strictObject({ service: z.string().min(1).max(64) });

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
  "service.run": {
    scope: "write",
    args: z.strictObject({ service: z.string().min(1).max(64), process: z.string().min(1).max(72) }),
    result: z.object({}),
    about: "Run a scheduled process now, as when its time has come: while it still runs, its `overlap` decides.",
  },
  "service.scale": {
    scope: "write",
    args: z.strictObject({
      service: z.string().min(1).max(64),
      process: z.string().min(1).max(64),
      instances: z.int().min(0).max(100),
    }),
    result: z.object({}),
    about:
      "Run so many instances of a process that has `instances` in the configuration, until that names another number. Done when the new ones run and the others are gone.",
  },
  "service.isolate": {
    scope: "write",
    args: whole,
    result: z.object({}),
    about:
      "Stop a service and keep it stopped through restarts of the agent, reloads and reboots, until `service.release`. Until then nothing and nobody can start it.",
    needsReason: true,
  },
  "service.release": {
    scope: "write",
    args: whole,
    result: z.object({}),
    about: "Let an isolated service run again. What ran when it was isolated is started; done when it runs.",
  },
} satisfies Record<string, CommandSpec>;
