import { exitInWords, OstlerError, type Exit, type TaskResult } from "@ostler/protocol";
import { scrub } from "../../config/redact.js";
import type { Task } from "../../config/services.js";
import type { Clock } from "../../core/clock.js";
import { runChild } from "../../platform/child.js";
import { findProgram } from "../../platform/program.js";
import { readEnvFiles } from "../../platform/env-file.js";
import type { Identity } from "../../platform/proc.js";
import { endTree } from "../../platform/tree-end.js";
import { runVariable, taskMarkOf } from "../../platform/tree.js";

export type RunTaskDeps = {
  clock: Clock;
  /** The environment of the agent. */
  env: NodeJS.ProcessEnv;
  agentId: string;
  /** Values that must never be shown. */
  secrets: () => readonly string[];
};

/** What is kept of each stream: its end, where a program says why it fails. */
const keptBytes = 64 * 1024;

/** Shorter values of env_file are words like `1` and `true`: hiding them would hide half of the output. */
const minSecret = 6;

/** How long whoever is asked to end has for it. */
const graceMs = 5000;

/** How much of what a failing task said last is told in its message. */
const maxWords = 500;

const never = new AbortController().signal;

/**
 * Runs a task until it ends, its time is over or the signal aborts. Nothing of it is left then, whatever it started.
 * @throws OstlerError `failed`, `timed-out`, `cancelled`, with what it left as data
 */
export async function runTask(
  { service, name }: { service: string; name: string },
  task: Task,
  { clock, env, agentId, secrets }: RunTaskDeps,
  signal: AbortSignal,
): Promise<TaskResult> {
  const unstartable = (reason: string): OstlerError =>
    new OstlerError("failed", `Task ${name} could not be started: ${reason}`);
  const files = readEnvFiles(task.envFiles);
  if ("reason" in files) throw unstartable(files.reason);
  const ready = findProgram({ ...task, env: { ...task.env, ...files.values } }, env);
  if ("reason" in ready) throw unstartable(ready.reason);
  const mark = taskMarkOf(agentId, service, name);
  const endAll = async (root: Identity): Promise<void> => {
    await endTree(root, mark, { ask: true, deadlineMs: clock.monotonic() + graceMs }, clock, never);
  };
  const late = new AbortController();
  const cancelTimer = clock.after(task.timeout, () => late.abort());
  const startedMs = clock.monotonic();
  const spec = { ...ready, env: { ...ready.env, [runVariable]: mark }, keptBytes, endAll };
  const end = await runChild(spec, AbortSignal.any([signal, late.signal]));
  cancelTimer();
  if (!end.started) throw unstartable(end.reason);
  const { exit, stopped, stdout, stderr } = end;
  const hidden = [...secrets(), ...Object.values(files.values).filter(({ length }) => length >= minSecret)];
  const data: TaskResult = {
    exit,
    stdout: scrub(stdout.text, hidden),
    stderr: scrub(stderr.text, hidden),
    clipped: stdout.clipped || stderr.clipped,
    tookMs: Math.round(clock.monotonic() - startedMs),
  };
  if (stopped && signal.aborted)
    throw new OstlerError("cancelled", `Task ${name} was ended: nobody waits for it.`, { data });
  if (stopped)
    throw new OstlerError("timed-out", `Task ${name} did not end within ${task.timeout} ms and was ended.`, { data });
  if (isSuccess(exit)) return data;
  throw new OstlerError("failed", `Task ${name} ${exitInWords(exit)}${lastLine(data.stderr)}`, { data });
}

function isSuccess(exit: Exit): boolean {
  return exit.kind === "code" && exit.code === 0;
}

function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "." : `: ${line.slice(0, maxWords)}`;
}
