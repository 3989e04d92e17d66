import { notifiedCheck, own, type CheckRole } from "@ostler/protocol";
import * as z from "zod";
import { attachConfig } from "./attach.js";
import { backupSets, refuseUnfitBackups } from "./backups.js";
import { checkConfig } from "./checks/check.js";
import { debugConfig } from "./debug.js";
import type { EnvFile } from "./env-file.js";
import { instancesOf } from "./instances.js";
import { logSources } from "./logs/log-source.js";
import { refuseUnfitLogs } from "./logs/logs-of-service.js";
import { metricsConfig } from "./metrics.js";
import { refuseUnseenLog } from "./numbers/log-of-service.js";
import { startOrder } from "./order.js";
import {
  processConfig,
  processFields,
  refuseContradictions,
  refuseDisorder,
  typeOf,
  type ProcessConfig,
} from "./processes.js";
import { hasWhatItWaitsFor, waitsForNothing } from "./readiness.js";
import { restartConfig } from "./restart.js";
import { ruleConfig } from "./rules/rule-config.js";
import { setting } from "./setting.js";
import { taskConfig, type TaskConfig } from "./tasks.js";
import { command, name } from "./values.js";
import { watchConfig, watchName } from "./watch.js";

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
    attach: setting(
      attachConfig.optional(),
      "Instead of `command` and `processes`: one process called `main` that has another owner, which alone starts it. " +
        "Beside it are only `listens`, `checks`, `watch`, `metrics`, `logs`, `backups`, `rules` and `tasks`",
      { effect: "live" },
    ),
    restart: setting(restartConfig.prefault({}), "What happens when a process ends by itself", { effect: "live" }),
    checks: setting(z.array(checkConfig).default([]), "What shows that the service is well", { effect: "live" }),
    debug: setting(debugConfig.optional(), "How it runs while somebody debugs it, for a time", { effect: "live" }),
    watch: setting(z.array(watchConfig).default([]), "What its processes may use", { effect: "live" }),
    metrics: setting(metricsConfig.prefault({}), "The numbers that the service itself shows", { effect: "live" }),
    logs: setting(logSources.default([]), "What the service writes, and what is looked for in it", { effect: "live" }),
    backups: setting(backupSets.default([]), "What of it is backed up, and how", { effect: "live" }),
    rules: setting(z.array(ruleConfig).default([]), "What raises an alert", { effect: "live" }),
    tasks: setting(z.record(name, taskConfig).default({}), "What people run on the service, by name", {
      effect: "live",
    }),
  })
  .refine(hasWhatItWaitsFor, waitsForNothing)
  .superRefine((service, context) => {
    const { command: short, processes, attach, checks, watch, rules } = service;
    if ([short, processes, attach].filter((one) => one !== undefined).length !== 1)
      context.addIssue({ code: "custom", message: "must have either `command`, `processes` or `attach`" });
    if (processes && Object.keys(processes).length === 0)
      context.addIssue({ code: "custom", path: ["processes"], message: "must name at least one process" });
    if (!processes) refuseContradictions(service, context);
    refuseDisorder(processes ?? {}, context);
    refuseUnseenLog(service, context);
    refuseUnfitLogs(service, context);
    refuseUnfitBackups(service, context);
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
    for (const [at, { kind }] of checks.entries())
      if (kind === "output" && attach?.pid_file !== undefined)
        context.addIssue({
          code: "custom",
          path: ["checks", at, "kind"],
          message: "needs output that the agent sees: that of a process it starts, or of a unit of systemd",
        });
    for (const [at, { process, role }] of checks.entries()) {
      const about = own(processes ?? {}, process ?? "");
      if (about && role === "readiness" && typeOf(about) !== "daemon")
        context.addIssue({
          code: "custom",
          path: ["checks", at, "process"],
          message: `is a process that is to end, on whose readiness nothing may depend`,
        });
    }
    const ruleNames = rules.map((rule) => rule.name);
    for (const at of rules.keys())
      if (ruleNames.indexOf(ruleNames[at] ?? "") !== at)
        context.addIssue({
          code: "custom",
          path: ["rules", at, "name"],
          message: "is used by another rule of the service",
        });
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

/** The processes of a service by name, whichever way they are written, in the order of their start. */
export function processesOf(service: ServiceConfig): Record<string, ProcessConfig> {
  const { processes } = service;
  if (!processes) return Object.fromEntries(instancesOf("main", onlyProcess(service)));
  return Object.fromEntries(
    startOrder(processes).flatMap((name) => instancesOf(name, processes[name] as ProcessConfig)),
  );
}

/** The process of a service that is written short. */
function onlyProcess(service: ServiceConfig): ProcessConfig {
  const fields = Object.keys(processFields) as (keyof typeof processFields)[];
  const its = Object.fromEntries(fields.map((field) => [field, service[field]])) as Omit<ProcessConfig, "command">;
  return { command: service.command ?? [], ...its };
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
