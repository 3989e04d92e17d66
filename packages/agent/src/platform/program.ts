import { statSync } from "node:fs";
import { findExecutable } from "./executable.js";
import { environmentOf } from "./environment.js";

/** A program as it is configured; a relative `cwd` has been made absolute. */
export type Program = { command: readonly string[]; cwd: string; env: Record<string, string> };

/** Everything needed to start a process, or why it cannot be started. Nothing is changed. */
export type FoundProgram = { command: string[]; cwd: string; env: Record<string, string> } | { reason: string };

export function findProgram({ command, cwd, env: configured }: Program, agent: NodeJS.ProcessEnv): FoundProgram {
  const missing = missingDirectory(cwd);
  if (missing) return { reason: missing };
  const env = environmentOf(configured, agent);
  const [program = "", ...args] = command;
  const found = findExecutable(program, { cwd, searchPath: env.PATH ?? "" });
  return "reason" in found ? found : { command: [found.path, ...args], cwd, env };
}

export function missingDirectory(cwd: string): string | undefined {
  try {
    return statSync(cwd).isDirectory() ? undefined : `The working directory ${cwd} is not a directory.`;
  } catch {
    return `The working directory ${cwd} does not exist or cannot be entered.`;
  }
}
