import { maxCrashes, notifiedCheck, own, type CheckRole, type ProcessType } from "@ostler/protocol";
import * as z from "zod";
import { checkConfig } from "./checks.js";
import { cronConfig } from "./cron.js";
import { envFiles, type EnvFile } from "./env-file.js";
import { instancesOf, maxInstances } from "./instances.js";
import { limitFields } from "./limits.js";
import { after, circle, startOrder } from "./order.js";
import { hasWhatItWaitsFor, readinessFields, waitsForNothing } from "./readiness.js";
import { setting } from "./setting.js";
import { signalName, stopConfig } from "./stop.js";
import { taskConfig, type TaskConfig } from "./tasks.js";
import { command, duration, environment, name } from "./values.js";
import { watchConfig, watchName } from "./watch.js";

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

const processFields = {
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
};

/** What tells one process of a service from the others. */
const memberFields = {
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
  after: setting(
    z.array(after).default([]),
    "It starts when these processes have come so far, and stops before them. A name alone: `started`",
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
    ...memberFields,
  })
  .refine(hasWhatItWaitsFor, waitsForNothing)
  .superRefine(({ type, cron, max_runtime, instances }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (cron && type === "oneshot") refuse("type", "is not needed beside `cron`: leave it out");
    if (cron && instances !== undefined)
      refuse("instances", "does not go with `cron`: it would run as often each time");
    if (type === "daemon" && !cron && max_runtime !== undefined)
      refuse("max_runtime", "is for processes that end: give it `type: oneshot` or `cron`");
  });
/** A process as it is supervised; `cron` makes it a scheduled one. */
export type ProcessConfig = Omit<z.output<typeof processConfig>, keyof typeof memberFields> & Partial<Member>;
type Member = Pick<z.output<typeof processConfig>, keyof typeof memberFields>;

export function typeOf({ type = "daemon", cron }: Pick<ProcessConfig, "type" | "cron">): ProcessType {
  return cron ? "scheduled" : type;
}

/** How a process ended, as it is written in the configuration. */
const exitName = z.union([z.int().min(0).max(255), signalName], "must be an exit code or a signal name like SIGTERM");

export const restartConfig = z.strictObject({
  policy: setting(
    z.enum(["always", "on-failure", "never"]).default("always"),
    "`on-failure` lets a process rest that ended with code 0 or by SIGHUP, SIGINT, SIGTERM or SIGPIPE",
  ),
  backoff: setting(
    z
      .strictObject({
        initial: setting(
          duration.prefault("1s"),
          "Bound of the first delay; it doubles with each attempt. `0s` restarts at once, outside of a crash loop",
        ),
        max: setting(duration.prefault("60s"), "The bound never exceeds this"),
      })
      .prefault({}),
    "A restart waits a random part of the bound (full jitter)",
  ),
  stable_after: setting(
    duration.prefault("60s"),
    "A process that has been ready this long has settled: its crashes are forgotten, and delays begin anew",
  ),
  crash_loop: setting(
    z
      .strictObject({
        count: setting(z.int().min(2).max(maxCrashes).default(5), "So many crashes"),
        window: setting(duration.prefault("10m"), "within this time are a crash loop; `0s`: never"),
        then: setting(
          z.enum(["slow", "stop"]).default("slow"),
          "`slow`: restart seldom, after half to all of `backoff.max`; `stop`: not before somebody starts it",
        ),
      })
      .prefault({}),
    "What happens when a process ends again and again. Over only when it has settled or somebody starts it",
  ),
  success_exit: setting(z.array(exitName).default([]), "Also a clean end: exit codes and signals"),
  no_restart_exit: setting(z.array(exitName).default([]), "After these it is never restarted, whatever the policy"),
  restart_force_exit: setting(z.array(exitName).default([]), "After these it is always restarted, whatever the policy"),
});
export type RestartConfig = z.output<typeof restartConfig>;

export const serviceConfig = z
  .strictObject({
    command: setting(
      command.optional(),
      "Short for one process called `main`; the settings of a process (`env`, `user`, `stop` …) are then its own",
      {
        effect: "restarts-process",
      },
    ),
    ...processFields,
    processes: setting(z.record(name, processConfig).optional(), "The processes of the service, by name", {
      effect: "restarts-process",
    }),
    restart: setting(restartConfig.prefault({}), "What happens when a process ends by itself", { effect: "live" }),
    checks: setting(z.array(checkConfig).default([]), "What shows that the service is well", { effect: "live" }),
    watch: setting(z.array(watchConfig).default([]), "What its processes may use", { effect: "live" }),
    tasks: setting(z.record(name, taskConfig).default({}), "What people run on the service, by name", {
      effect: "live",
    }),
  })
  .refine(hasWhatItWaitsFor, waitsForNothing)
  .superRefine((service, context) => {
    const { command: short, processes, checks, watch } = service;
    if ((short === undefined) === (processes === undefined))
      context.addIssue({ code: "custom", message: "must have either `command` or `processes`" });
    if (processes && Object.keys(processes).length === 0)
      context.addIssue({ code: "custom", path: ["processes"], message: "must name at least one process" });
    refuseDisorder(processes ?? {}, context);
    const names = checks.map((check) => check.name);
    for (const [at, check] of checks.entries()) {
      if (names.indexOf(check.name) !== at)
        context.addIssue({
          code: "custom",
          path: ["checks", at, "name"],
          message: `is used by another check of the service`,
        });
      if (check.process !== undefined && !Object.hasOwn(processes ?? { main: 0 }, check.process))
        context.addIssue({
          code: "custom",
          path: ["checks", at, "process"],
          message: `names no process of the service`,
        });
    }
    const watches = watch.map(watchName);
    for (const [at, { process }] of watch.entries()) {
      if (watches.indexOf(watches[at] ?? "") !== at)
        context.addIssue({
          code: "custom",
          path: ["watch", at],
          message: `has the name of another watch of the service, "${watches[at]}": give it a name`,
        });
      if (process !== undefined && !Object.hasOwn(processes ?? { main: 0 }, process))
        context.addIssue({
          code: "custom",
          path: ["watch", at, "process"],
          message: `names no process of the service`,
        });
    }
  });
export type ServiceConfig = z.output<typeof serviceConfig>;

function refuseDisorder(processes: Record<string, z.output<typeof processConfig>>, context: z.RefinementCtx): void {
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

/** The processes of a service by name, whichever way they are written, in the order of their start. */
export function processesOf(service: ServiceConfig): Record<string, ProcessConfig> {
  const { command: short, env, env_file, cwd, listens, stop, processes } = service;
  const { user, group, groups, umask, nice, no_new_privileges, limits } = service;
  const confined = { user, group, groups, umask, nice, no_new_privileges, limits };
  const { notify_fd, notify_within, marker } = service;
  const readiness = { notify_fd, notify_within, marker };
  if (!processes)
    return { main: { command: short ?? [], env, env_file, cwd, listens, stop, ...confined, ...readiness } };
  const order = startOrder(processes);
  return Object.fromEntries(order.flatMap((name) => instancesOf(name, processes[name] as ProcessConfig)));
}

/** `env` is what was written at the service and the task; what `envFiles` set wins over it. */
export type Task = TaskConfig & { cwd: string; envFiles: readonly EnvFile[] };

/** A task with the environment and the directory of its service: those of its process, where there is only one. */
export function taskOf(service: ServiceConfig, name: string): Task | undefined {
  const task = Object.hasOwn(service.tasks, name) ? service.tasks[name] : undefined;
  if (!task) return undefined;
  const [first, ...others] = Object.values(processesOf(service));
  const its = first && others.length === 0 ? first : service;
  return { ...task, env: { ...its.env, ...task.env }, envFiles: its.env_file ?? [], cwd: task.cwd ?? its.cwd };
}

/** A check and the process that it is about, where it is about one. */
export type CheckName = { name: string; role: CheckRole; process?: string };

/** The checks of a service: the configured ones, and one for each process that declares sockets or notifies. */
export function checksOf(service: ServiceConfig): CheckName[] {
  const processes = Object.entries(processesOf(service));
  const listening = processes.filter(([, { listens }]) => listens.length > 0);
  const notifying = processes.filter(([, { notify_fd }]) => notify_fd !== undefined);
  return [
    ...service.checks.map(({ name: check, role, process }) => ({
      name: check,
      role,
      ...(process === undefined ? {} : { process }),
    })),
    ...listening.map(([process]) => ({ name: listensCheck(process), role: "readiness" as const, process })),
    ...notifying.map(([process]) => ({ name: notifiedCheck(process), role: "readiness" as const, process })),
  ];
}

/** The check that the declared sockets belong to a process; no configured check can have this name. */
export function listensCheck(process: string): string {
  return `${process}:listens`;
}

function keysOf<T extends object>(fields: T): (keyof T)[] {
  return Object.keys(fields) as (keyof T)[];
}
