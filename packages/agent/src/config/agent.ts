import * as z from "zod";
import { backupsConfig } from "./backups.js";
import { setting } from "./setting.js";
import { duration, size, span } from "./values.js";

export const logConfig = z.strictObject({
  level: setting(z.enum(["debug", "info", "warn", "error", "silent"]).default("info"), "Least severity that is logged"),
  format: setting(z.enum(["json", "pretty"]).default("json"), "One JSON object a line, or text for people"),
  output: setting(z.string().min(1).default("stderr"), "`stdout`, `stderr` or a file, which is appended to"),
});

export const journalConfig = z.strictObject({
  max_size: setting(
    size.prefault("64MiB"),
    "Oldest events are dropped beyond this; readers that had not come so far get a gap",
  ),
  max_age: setting(duration.prefault("7d"), "Events older than this are dropped"),
});

/** With less, what is given back would be most of what was just written. */
const minOutputBytes = 1024 * 1024;
const outputSize = size.refine((bytes) => bytes >= minOutputBytes, "must be at least 1MiB");

export const outputConfig = z.strictObject({
  max_size: setting(
    outputSize.prefault("64MiB"),
    "What a process writes to one of its streams may occupy so much of the disk; beyond it the oldest part is given back",
  ),
  max_total: setting(
    outputSize.prefault("2GiB"),
    "And the output of all processes together, with the files that lines are forwarded to; beyond it the largest give back their oldest part",
  ),
});

const minEveryMs = 1000;

export const usageConfig = z.strictObject({
  every: setting(
    span.refine((ms) => ms >= minEveryMs, "must be at least 1s").prefault("10s"),
    "Time from one measurement of what the processes of the services use to the next",
  ),
});

export const hostConfig = z.strictObject({
  every: setting(
    span.refine((ms) => ms >= minEveryMs, "must be at least 1s").prefault("15s"),
    "Time from one measurement of the host to the next",
  ),
  inventory: setting(z.boolean().default(true), "Find out, now and then, what the host is made of", {
    effect: "needs-agent-restart",
  }),
});

export const rulesConfig = z.strictObject({
  every: setting(
    span.refine((ms) => ms >= minEveryMs, "must be at least 1s").prefault("15s"),
    "Time from one look at all rules to the next",
  ),
});

export const agentConfig = z.strictObject({
  name: setting(z.string().min(1).max(128).optional(), "Name shown to people; the host's name when absent", {
    effect: "needs-agent-restart",
  }),
  data_dir: setting(z.string().min(1).default("/var/lib/ostler"), "Identity, journal and output of the services", {
    effect: "needs-agent-restart",
  }),
  run_dir: setting(
    z.string().min(1).optional(),
    "Control socket and the records of running processes; `data_dir` when absent, or $RUNTIME_DIRECTORY under systemd",
    { effect: "needs-agent-restart" },
  ),
  labels: setting(z.record(z.string().max(64), z.string().max(256)).default({}), "Told to controllers", {
    effect: "needs-agent-restart",
  }),
  log: setting(logConfig.prefault({}), "The agent's own log", { effect: "restarts-part" }),
  usage: setting(usageConfig.prefault({}), "How the processes of the services are measured"),
  host: setting(hostConfig.prefault({}), "How the host is measured"),
  rules: setting(rulesConfig.prefault({}), "How the rules of the services are evaluated"),
  output: setting(outputConfig.prefault({}), "What the services write to their standard streams"),
  backups: setting(backupsConfig.prefault({}), "Where the backups of the services are, and how much they may occupy"),
  journal: setting(journalConfig.prefault({}), "The stored events", { effect: "needs-agent-restart" }),
});
export type AgentConfig = z.output<typeof agentConfig>;
export type LogConfig = z.output<typeof logConfig>;
