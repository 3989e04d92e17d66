import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { exitInWords, messageOf, OstlerError, type Exit } from "@ostler/protocol";
import type { Clock } from "../../../core/clock.js";
import { findProgram } from "../../../platform/program.js";
import { lastLines, markSpools, openSpools } from "../../../platform/spool.js";
import { sendSignal } from "../../../platform/tree-end.js";
import type { Slot } from "../records.js";

export type OwnerCommandDeps = {
  clock: Clock;
  /** The environment of the agent. */
  env: NodeJS.ProcessEnv;
  /** Directory of the spool files. */
  spools: string;
};

/** How much of what a failing command said last is told. */
const maxWords = 500;

/**
 * Runs a command of `attach` to its end. Whatever it leaves running is none of ours: a daemon is what it is for. It writes into
 * the spools of its service and not into a pipe, which would break under a daemon that has not let go of it. When its time is
 * over the command gets SIGKILL, and nobody else. An agent that ends leaves it alone: half a restart is worse than a late one.
 * @throws OstlerError `failed`, `timed-out`, `cancelled` when the agent ends
 */
export async function runOwnerCommand(
  slot: Slot,
  name: string,
  { command, timeoutMs }: { command: readonly string[]; timeoutMs: number },
  { clock, env, spools }: OwnerCommandDeps,
  signal: AbortSignal,
): Promise<void> {
  const what = `The ${name} command of ${slot.service}`;
  const found = findProgram({ command, cwd: "/", env: {} }, env);
  if ("reason" in found) throw new OstlerError("failed", `${what} could not be started: ${found.reason}`);
  const from = markSpools(spools, slot.service, slot.process);
  const child = start(found, slot, spools);
  if ("reason" in child) throw new OstlerError("failed", `${what} could not be started: ${child.reason}`);
  const end = await endOf(child, clock, timeoutMs, signal);
  if (end === "aborted") throw new OstlerError("cancelled", `Nobody waits for ${what.toLowerCase()} any more.`);
  if (end === "late") throw new OstlerError("timed-out", `${what} did not end within ${timeoutMs / 1000} s.`);
  if ("reason" in end) throw new OstlerError("failed", `${what} could not be started: ${end.reason}`);
  if (end.kind === "code" && end.code === 0) return;
  const said = [...lastLines(spools, slot, "stdout", { from }), ...lastLines(spools, slot, "stderr", { from })];
  const words = said.join(" ").slice(-maxWords);
  throw new OstlerError("failed", `${what} ${exitInWords(end)}${words === "" ? "." : `: ${words}`}`);
}

type Found = { command: string[]; cwd: string; env: Record<string, string> };

function start({ command, cwd, env }: Found, slot: Slot, spools: string): ChildProcess | { reason: string } {
  const [program = "", ...args] = command;
  let files: { stdout: number; stderr: number } | undefined;
  try {
    files = openSpools(spools, slot.service, slot.process);
    return spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", files.stdout, files.stderr] });
  } catch (failure) {
    return { reason: messageOf(failure) };
  } finally {
    if (files) Object.values(files).forEach((file) => closeSync(file));
  }
}

function endOf(
  child: ChildProcess,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Exit | { reason: string } | "late" | "aborted"> {
  return new Promise((resolve) => {
    const abort = (): void => done("aborted");
    const late = (): void => {
      if (child.pid !== undefined) sendSignal(child.pid, "SIGKILL"); // Not collected yet, so the pid is still its own.
      done("late");
    };
    const cancel = clock.after(timeoutMs, late);
    const done = (end: Exit | { reason: string } | "late" | "aborted"): void => {
      cancel();
      signal.removeEventListener("abort", abort);
      if (end === "aborted") child.unref();
      resolve(end);
    };
    child.once("error", (failure) => done({ reason: messageOf(failure) }));
    child.once("exit", (code, killedBy) =>
      done(code === null ? { kind: "signal", signal: killedBy ?? "", core: false } : { kind: "code", code }),
    );
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}
