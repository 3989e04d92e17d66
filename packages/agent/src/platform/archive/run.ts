import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { OstlerError } from "@ostler/protocol";
import { environmentOf } from "../environment.js";
import { LineSplitter } from "../line-splitter.js";
import { Tail } from "../tail.js";
import { groupIsEmpty, sendSignal } from "../tree-end.js";
import { programPath } from "./children.js";
import { archiveFailure, type ArchiveJob, type ArchiveProgress, type ArchiveTold, type ResultOf } from "./job.js";
import { removeLeftovers, requireClear } from "./leftovers.js";

export type ArchiveDeps = {
  /** The file of the program. */
  program: string;
};

export type ArchiveRun = { progress: (progress: ArchiveProgress) => void; signal: AbortSignal };

/** A result names a few thousand files at most. */
const maxLineBytes = 64 * 1024 * 1024;
const keptBytes = 8 * 1024;
/** How long the kernel may take over a SIGKILL, and how often that is looked at. */
const killMs = 5000;
const lookMs = 10;
/** A small young generation gives back early what has passed through. */
const nodeFlags = ["--max-semi-space-size=1"];

/**
 * Does a job in a program of its own, after everybody else on the host, and resolves with its result. When the signal aborts nothing is
 * left of it, neither a process nor a file. @throws OstlerError `failed` with the code in `data`; `cancelled`
 */
export async function runArchive<J extends ArchiveJob>(
  job: J,
  { program }: ArchiveDeps,
  { progress, signal }: ArchiveRun,
): Promise<ResultOf<J>> {
  if (signal.aborted) throw cancelled();
  await requireClear(job);
  const words = [...lastInLine(), process.execPath, ...nodeFlags, program];
  const env = environmentOf({}, process.env);
  const child = spawn(words[0] ?? program, words.slice(1), {
    cwd: "/",
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const kill = (): void => (child.pid === undefined ? undefined : sendSignal(-child.pid, "SIGKILL"));
  signal.addEventListener("abort", kill);
  try {
    const end = await outcomeOf(child, job, progress);
    if (end.told?.is === "done") return end.told.result as ResultOf<J>;
    await groupGone(child);
    if (end.isBegun) await removeLeftovers(job); // It has done so itself, unless it was killed.
    if (signal.aborted) throw cancelled();
    if (end.told) throw archiveFailure(end.told.code, end.told.message);
    throw archiveFailure("failed", `The program for archives ended early: ${end.reason}.`);
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}

type Last = Exclude<ArchiveTold, { is: "begun" | "progress" }>;

/** One that was refused, or did not come to it, has not `begun`: what is there then is of others. */
type Outcome = { told: Last | undefined; isBegun: boolean; reason: string };

function outcomeOf(child: ChildProcess, job: ArchiveJob, progress: ArchiveRun["progress"]): Promise<Outcome> {
  const splitter = new LineSplitter(maxLineBytes);
  const stderr = new Tail(keptBytes);
  let told: Last | undefined;
  let isBegun = false;
  child.stderr?.on("data", stderr.take);
  child.stdin?.on("error", () => undefined).write(`${JSON.stringify(job)}\n`); // One that is gone tells by its end.
  child.stdout?.on("data", (chunk: Buffer) => {
    for (const { text } of splitter.feed(chunk)) {
      const line = JSON.parse(text) as ArchiveTold;
      if (line.is === "begun") isBegun = true;
      else if (line.is === "progress") progress(line);
      else told = line;
    }
  });
  return new Promise((resolve) => {
    child.once("error", ({ message }) => resolve({ told, isBegun, reason: message }));
    child.once("close", (code, killedBy) =>
      resolve({ told, isBegun, reason: stderr.text.trim().slice(-500) || `exit ${code ?? killedBy}` }),
    );
  });
}

/** Waits until nobody of its process group can write any more. */
async function groupGone({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return;
  sendSignal(-pid, "SIGKILL");
  for (let waitedMs = 0; waitedMs < killMs && !groupIsEmpty({ pid, startTicks: 0 }); waitedMs += lookMs)
    await sleep(lookMs);
}

/** What gives everybody else the processor and the disk first, where the host has it. */
function lastInLine(): string[] {
  const nice = programPath("nice") === undefined ? [] : ["nice", "-n", "10"];
  const ionice = programPath("ionice") === undefined ? [] : ["ionice", "-c", "3"];
  return [...nice, ...ionice];
}

const cancelled = () => new OstlerError("cancelled", "The work on the archive was withdrawn; nothing of it is left.");
