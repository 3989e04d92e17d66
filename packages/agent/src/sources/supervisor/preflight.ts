import { statSync } from "node:fs";
import type { ProcessConfig } from "../../config/services.js";
import { findExecutable } from "../../platform/executable.js";
import { environmentOf } from "../../platform/environment.js";

/** Everything needed to start a process, or why it cannot be started. Nothing is changed. */
export type Preflight = { command: string[]; cwd: string; env: Record<string, string> } | { reason: string };

export function preflight({ command, cwd, env: configured }: ProcessConfig, agent: NodeJS.ProcessEnv): Preflight {
  const missing = missingDirectory(cwd);
  if (missing) return { reason: missing };
  const env = environmentOf(configured, agent);
  const [program = "", ...args] = command;
  const found = findExecutable(program, { cwd, searchPath: env.PATH ?? "" });
  return "reason" in found ? found : { command: [found.path, ...args], cwd, env };
}

function missingDirectory(cwd: string): string | undefined {
  try {
    return statSync(cwd).isDirectory() ? undefined : `The working directory ${cwd} is not a directory.`;
  } catch {
    return `The working directory ${cwd} does not exist or cannot be entered.`;
  }
}
