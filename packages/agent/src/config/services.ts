import { constants } from "node:os";
import { maxCrashes, type CheckRole } from "@ostler/protocol";
import * as z from "zod";
import { checkConfig } from "./checks.js";
import { envFiles, type EnvFile } from "./env-file.js";
import { limitFields } from "./limits.js";
import { setting } from "./setting.js";
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

const signalName = z
  .string()
  .refine((text) => Object.hasOwn(constants.signals, text), "must be a signal name like SIGTERM");

export const stopConfig = z.strictObject({
  signal: setting(signalName.default("SIGTERM"), "Sent to the process group"),
  timeout: setting(duration.prefault("10s"), "After this time whoever is left gets SIGKILL"),
});

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
};

export const processConfig = z.strictObject({
  command: setting(command, "Program and arguments; no shell", { effect: "restarts-process" }),
  ...processFields,
});
export type ProcessConfig = z.output<typeof processConfig>;

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
  .superRefine((service, context) => {
    const { command: short, processes, checks, watch } = service;
    if ((short === undefined) === (processes === undefined))
      context.addIssue({ code: "custom", message: "must have either `command` or `processes`" });
    if (processes && Object.keys(processes).length === 0)
      context.addIssue({ code: "custom", path: ["processes"], message: "must name at least one process" });
    for (const key of ["env_file", ...Object.keys(limitFields)] as ("env_file" | keyof typeof limitFields)[])
      if (processes && service[key] !== undefined)
        context.addIssue({
          code: "custom",
          path: [key],
          message: "belongs to a process: write it below processes.NAME",
        });
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

/** The processes of a service by name, whichever way they are written. */
export function processesOf(service: ServiceConfig): Record<string, ProcessConfig> {
  const { command: short, env, env_file, cwd, listens, stop, processes } = service;
  const { user, group, groups, umask, nice, no_new_privileges, limits } = service;
  const confined = { user, group, groups, umask, nice, no_new_privileges, limits };
  return processes ?? { main: { command: short ?? [], env, env_file, cwd, listens, stop, ...confined } };
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

/** The checks of a service: the configured ones, and one for each process that declares sockets. */
export function checksOf(service: ServiceConfig): { name: string; role: CheckRole }[] {
  const listening = Object.entries(processesOf(service)).filter(([, { listens }]) => listens.length > 0);
  return [
    ...service.checks.map(({ name: check, role }) => ({ name: check, role })),
    ...listening.map(([process]) => ({ name: listensCheck(process), role: "readiness" as const })),
  ];
}

/** The check that the declared sockets belong to a process; no configured check can have this name. */
export function listensCheck(process: string): string {
  return `${process}:listens`;
}
