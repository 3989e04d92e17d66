import { dirname, join, resolve } from "node:path";
import { hashOf, OstlerError } from "@ostler/protocol";
import { placedBackups } from "./backups.js";
import { besideAttach } from "./beside-attach.js";
import { misplacedIn } from "./misplaced.js";
import { placedCheck } from "./checks/placed.js";
import { unsetVariablesIn } from "./checks/unset-variables.js";
import { readDocument } from "./document.js";
import type { EnvFile } from "./env-file.js";
import { forwardLoopsIn } from "./logs/forward-loops.js";
import { placedLogs } from "./logs/log-source.js";
import { placedMetrics } from "./metrics.js";
import { complaintsOf, formatProblem, type Problem } from "./problems.js";
import { configSchema, type Config, type Written } from "./schema.js";

/** A valid configuration and where it came from. */
export type Loaded = {
  config: Config;
  /** Absolute path. */
  file: string;
  /** Hash of the effective configuration; two files that mean the same have the same. */
  hash: string;
  /** Values that must never be shown. */
  secrets: readonly string[];
};

/** Reads, fills in, checks, and freezes. Either the configuration or every problem at once; nothing in between. */
export function loadConfig(file: string, env: NodeJS.ProcessEnv): Loaded | { problems: Problem[] } {
  const path = resolve(file);
  const document = readDocument(path, env);
  if (Array.isArray(document)) return { problems: document };
  const parsed = configSchema.safeParse(withOverrides(document.value, env));
  const complaints = [
    ...(parsed.success
      ? [
          ...unsetVariablesIn(parsed.data.services, env),
          ...forwardLoopsIn(withAbsolutePaths(parsed.data, dirname(path), env)),
        ]
      : complaintsOf(parsed.error.issues, configSchema)),
    ...misplacedIn(document.value),
    ...besideAttach(document.value),
  ];
  const wrong = complaints.map(({ path: keys, atKey, message }) => ({
    file: path,
    ...document.placeOf(keys, atKey),
    path: keys.join("."),
    message,
  }));
  const isUnset = (problem: Problem): boolean =>
    document.unset.some(({ line, column }) => line === problem.line && column === problem.column);
  const problems = [...document.unset, ...wrong.filter((problem) => !isUnset(problem))];
  if (!parsed.success || problems.length > 0)
    return { problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
  const config = freeze(withAbsolutePaths(parsed.data, dirname(path), env));
  return { config, file: path, hash: hashOf(config), secrets: document.secrets };
}

/** @throws OstlerError `config-invalid` with all the problems, one a line */
export function loadConfigOrThrow(file: string, env: NodeJS.ProcessEnv): Loaded {
  const loaded = loadConfig(file, env);
  if ("problems" in loaded) throw new OstlerError("config-invalid", loaded.problems.map(formatProblem).join("\n"));
  return loaded;
}

const overrides: [variable: string, path: string[]][] = [
  ["OSTLER_LOG_LEVEL", ["agent", "log", "level"]],
  ["OSTLER_DATA_DIR", ["agent", "data_dir"]],
  ["OSTLER_HTTP_LISTEN", ["http", "listen"]],
];

/** What the environment says wins over the file. */
function withOverrides(value: unknown, env: NodeJS.ProcessEnv): unknown {
  return overrides.reduce(
    (file, [variable, path]) => (env[variable] ? withValue(file, path, env[variable]) : file),
    value,
  );
}

/** A copy with a value at `path`. What is no mapping stays as it is: that is for the schema to complain about. */
function withValue(here: unknown, [key, ...rest]: readonly string[], value: string): unknown {
  if (key === undefined) return value;
  if (here === undefined) return { [key]: withValue(undefined, rest, value) };
  if (typeof here !== "object" || here === null || Array.isArray(here)) return here;
  return { ...here, [key]: withValue((here as Record<string, unknown>)[key], rest, value) };
}

/** The paths of a process, or of a service that is one. */
type Places = { cwd: string; env_file?: EnvFile[] | undefined };

/** Relative paths are relative to the file they stand in. */
function withAbsolutePaths(config: Written, base: string, env: NodeJS.ProcessEnv): Config {
  const absolute = (path: string): string => resolve(base, path);
  const { agent, http } = config;
  const { output } = agent.log;
  const dataDir = absolute(agent.data_dir);
  const placed = <T extends Places>(process: T): T => ({
    ...process,
    cwd: absolute(process.cwd),
    ...(process.env_file ? { env_file: process.env_file.map((file) => ({ ...file, path: absolute(file.path) })) } : {}),
  });
  const services = Object.entries(config.services).map(([name, service]) => {
    const { processes } = service;
    const all = processes && Object.entries(processes).map(([key, process]) => [key, placed(process)] as const);
    const tasks = Object.entries(service.tasks).map(
      ([key, task]) => [key, task.cwd === undefined ? task : { ...task, cwd: absolute(task.cwd) }] as const,
    );
    const { attach } = service;
    const owned = attach?.pid_file === undefined ? {} : { attach: { ...attach, pid_file: absolute(attach.pid_file) } };
    const more = {
      ...(all ? { processes: Object.fromEntries(all) } : {}),
      ...owned,
      checks: service.checks.map((check) => placedCheck(check, absolute)),
      backups: placedBackups(service.backups, absolute),
      logs: placedLogs(service.logs, absolute),
      metrics: placedMetrics(service.metrics, absolute),
      tasks: Object.fromEntries(tasks),
    };
    return [name, { ...placed(service), ...more }] as const;
  });
  return {
    ...config,
    agent: {
      ...agent,
      backups: { ...agent.backups, dir: absolute(agent.backups.dir ?? join(dataDir, "backups")) },
      data_dir: dataDir,
      run_dir: agent.run_dir === undefined ? (env.RUNTIME_DIRECTORY ?? dataDir) : absolute(agent.run_dir),
      log: { ...agent.log, output: output === "stdout" || output === "stderr" ? output : absolute(output) },
    },
    http: { ...http, ...(http.tls ? { tls: { cert: absolute(http.tls.cert), key: absolute(http.tls.key) } } : {}) },
    services: Object.fromEntries(services),
    controllers: config.controllers.map((controller) =>
      controller.tls ? { ...controller, tls: { ca: absolute(controller.tls.ca) } } : controller,
    ),
  };
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
