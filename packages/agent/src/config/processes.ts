import { own, type ProcessType } from "@ostler/protocol";
import * as z from "zod";
import { cronConfig } from "./cron.js";
import { envFiles } from "./env-file.js";
import { maxInstances } from "./instances.js";
import { limitFields } from "./limits.js";
import { after, circle } from "./order.js";
import { hasWhatItWaitsFor, readinessFields, waitsForNothing } from "./readiness.js";
import { setting } from "./setting.js";
import { stopConfig } from "./stop.js";
import { command, duration, environment } from "./values.js";

const socketWanted = "must be tcp:PORT, udp:PORT or unix:/PATH";

const listening = z
  .string()
  .regex(/^((tcp|udp):\d{1,5}|unix:\/.+)$/, socketWanted)
  .transform((text) => {
    const protocol = text.slice(0, text.indexOf(":"));
    const rest = text.slice(protocol.length + 1);
    return protocol === "unix"
      ? ({ protocol, path: rest } as const)
      : { protocol: protocol as "tcp" | "udp", port: Number(rest) };
  })
  .refine((socket) => socket.protocol === "unix" || (socket.port >= 1 && socket.port <= 65_535), socketWanted);

/** What may be said of a process also where a service has only one, beside its `command`. */
export const processFields = {
  env: setting(environment.default({}), "Added to PATH, HOME, LANG and the like, which is all a process inherits", {
    effect: "restarts-process",
    secret: "by-name",
  }),
  env_file: envFiles,
  cwd: setting(z.string().min(1).default("."), "Working directory, relative to the configuration file", {
    effect: "restarts-process",
  }),
  listens: setting(
    z.array(listening).default([]),
    "Sockets that must belong to the process before its service is ready",
    { effect: "live" },
  ),
  stop: setting(stopConfig.prefault({}), "How it is asked to stop", { effect: "live" }),
  ...limitFields,
  ...readinessFields,
  type: setting(
    z.enum(["daemon", "oneshot"]).default("daemon"),
    "`oneshot`: it runs to its end, and the service is not ready before it has ended well",
    { effect: "restarts-process" },
  ),
  cron: setting(cronConfig.optional(), "It runs to its end at these times, and not otherwise", { effect: "live" }),
  max_runtime: setting(
    duration.optional(),
    "A one-shot or scheduled process that runs longer is stopped, and has failed",
    { effect: "live" },
  ),
  instances: setting(
    z.int().min(0).max(maxInstances).optional(),
    "So many of it run side by side, as NAME@1, NAME@2 …; each finds its number in OSTLER_INSTANCE",
    { effect: "live" },
  ),
};

export const processConfig = z
  .strictObject({
    command: setting(command, "Program and arguments; no shell", { effect: "restarts-process" }),
    ...processFields,
    after: setting(
      z.array(after).default([]),
      "It starts when these processes have come so far, and stops before them. A name alone: `started`",
      { effect: "live" },
    ),
  })
  .refine(hasWhatItWaitsFor, waitsForNothing)
  .superRefine(refuseContradictions);
/** A process as it is supervised; what is for its members alone is absent where a service has only one. */
export type ProcessConfig = Omit<z.output<typeof processConfig>, "after" | "type"> &
  Partial<Pick<z.output<typeof processConfig>, "after" | "type">>;

/** `cron` makes a process a scheduled one. */
export function typeOf({ type = "daemon", cron }: Pick<ProcessConfig, "type" | "cron">): ProcessType {
  return cron ? "scheduled" : type;
}

type Kind = Pick<ProcessConfig, "type" | "cron" | "max_runtime" | "instances" | "listens" | "notify_fd">;

/** Settings that mean nothing together. */
export function refuseContradictions(process: Kind, context: z.RefinementCtx): void {
  const { type, cron, max_runtime, instances, listens, notify_fd } = process;
  const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
  if (cron && type === "oneshot") refuse("type", "is not needed beside `cron`: leave it out");
  if (cron && instances !== undefined) refuse("instances", "does not go with `cron`: it would run as often each time");
  if (typeOf(process) === "daemon" && max_runtime !== undefined)
    refuse("max_runtime", "is for processes that end: give it `type: oneshot` or `cron`");
  if (typeOf(process) === "daemon") return;
  if (listens.length > 0) refuse("listens", "is for processes that stay: this one is to end");
  if (notify_fd !== undefined) refuse("notify_fd", "is for processes that stay: this one is ready when it has ended");
}

/** An order in which something would wait for ever. */
export function refuseDisorder(
  processes: Record<string, z.output<typeof processConfig>>,
  context: z.RefinementCtx,
): void {
  const refuse = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: "custom", path: ["processes", ...path], message });
  for (const [name, { after }] of Object.entries(processes))
    for (const [at, { process, until }] of after.entries()) {
      const awaited = own(processes, process);
      const type = awaited && typeOf(awaited);
      if (!type) refuse([name, "after", at], `names no process of the service: ${process}`);
      if (type === "scheduled") refuse([name, "after", at], `cannot wait for ${process}, which runs at its own times`);
      if (type === "oneshot" && until !== "completed")
        refuse([name, "after", at], `must be \`${process}: completed\`, because ${process} is a one-shot process`);
      if (type === "daemon" && until === "completed")
        refuse([name, "after", at], `would wait for ever: ${process} is not meant to end. Give it \`type: oneshot\``);
    }
  const names = circle(processes);
  if (names) refuse([names[0] ?? ""], `waits for itself: ${[...names, names[0]].join(" after ")}`);
}
