import type { LimitsConfig } from "../../config/limits.js";
import type { ProcessConfig } from "../../config/processes.js";
import { groupRoot, whyNoGroup } from "../../platform/control-group.js";
import { readEnvFiles } from "../../platform/env-file.js";
import { findExecutable } from "../../platform/executable.js";
import { environmentOf } from "../../platform/environment.js";
import { missingInterpreter } from "../../platform/interpreter.js";
import { missingDirectory } from "../../platform/program.js";
import type { Refusal } from "../../platform/refusal.js";
import { confine } from "./confine.js";
import { groupValuesOf } from "./confinement.js";
import { postponed } from "./late-environment.js";
import type { WantedGroup } from "./run-group.js";
import { whyNotConfined } from "./rehearsal.js";

/** Everything needed to start a process, or why it cannot be started. Nothing is changed. */
export type Preflight =
  | {
      command: string[];
      cwd: string;
      env: Record<string, string>;
      /** The program and its arguments, and its variables, as it will see them. */
      seen: { command: string[]; environment: Record<string, string> };
      umask?: string;
      /** The control group it needs. */
      group?: WantedGroup;
    }
  | Refusal;

export function preflight(config: ProcessConfig, agent: NodeJS.ProcessEnv): Preflight {
  const { command, cwd, umask } = config;
  const missing = missingDirectory(cwd);
  if (missing) return { kind: "bad-cwd", reason: missing };
  const group = wantedGroup(config.limits ?? {});
  if (group && "reason" in group) return group;
  const confined = confine(config);
  if ("reason" in confined) return confined;
  const { words, owner } = confined;
  const files = readEnvFiles(config.env_file ?? []);
  if ("reason" in files) return { kind: "environment", ...files };
  const env = environmentOf({ ...config.env, ...files.values }, agent, owner);
  const [program = "", ...args] = command;
  const found = findExecutable(program, { cwd, searchPath: env.PATH ?? "" });
  if ("reason" in found)
    return isSecret(program, files.values) ? { ...found, reason: notInSecretPath(program) } : found;
  const reason = missingInterpreter(found.path, cwd);
  if (reason !== undefined) return { kind: "no-interpreter", reason };
  const refused = words.length === 0 ? undefined : whyNotConfined(words, found.path, cwd);
  if (refused) return refused;
  const late = owner ? postponed(env) : { env, words: [] };
  return {
    command: [...words, ...late.words, found.path, ...args],
    cwd,
    env: late.env,
    seen: { command: [found.path, ...args], environment: env },
    ...(umask === undefined ? {} : { umask }),
    ...(group ? { group } : {}),
  };
}

function wantedGroup(limits: LimitsConfig): WantedGroup | Refusal | undefined {
  const values = groupValuesOf(limits);
  if (Object.keys(values).length === 0) return undefined;
  const root = groupRoot();
  const reason = whyNoGroup(root, values);
  if (root !== undefined && reason === undefined) return { root, values };
  return { kind: "limits", reason: `limits.memory and limits.cpu cannot be kept: ${reason}` };
}

/** Would the reason why there is no such program show a value of a file? */
function isSecret(program: string, values: Record<string, string>): boolean {
  return !program.includes("/") && values.PATH !== undefined;
}

function notInSecretPath(program: string): string {
  return `"${program}" is not in the PATH that env_file sets. Give its full path, or correct the file.`;
}
