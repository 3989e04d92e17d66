import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { OstlerError } from "@ostler/protocol";
import { environmentOf } from "../environment.js";
import { LineSplitter } from "../line-splitter.js";
import { Tail } from "../tail.js";
import { groupIsEmpty, sendSignal } from "../tree-end.js";
import { programPath } from "./children.js";
import {
  archiveFailure,
  isOnSecondDisk,
  type ArchiveJob,
  type ArchiveProgress,
  type ArchiveTold,
  type ResultOf,
} from "./job.js";
import { removeLeftovers, requireClear } from "./leftovers.js";
import { markStuck, refuseStuck } from "./stuck.js";

export type ArchiveDeps = {
  /** The file of the program. */
  program: string;
};

export type ArchiveRun = { progress: (progress: ArchiveProgress) => void; signal: AbortSignal };

/** A result names a few thousand files at most. */
const maxLineBytes = 64 * 1024 * 1024;
const keptBytes = 8 * 1024;
/** So long one that works on a second disk may take to remove by itself what it has begun, before it is killed. */
const partingMs = 2000;
/** How long the kernel may take over a SIGKILL, and how often that is looked at. One that waits for a disk that hangs cannot end. */
const killMs = 5000;
const lookMs = 10;
/** A small young generation gives back early what has passed through. */
const nodeFlags = ["--max-semi-space-size=1"];

/**
 * Does a job in a program of its own, after everybody else on the host, and resolves with its result. When the signal aborts nothing is
 * left of it, neither a process nor a file, unless a disk hangs, which holds up nobody. @throws OstlerError `failed` with the code in `data`; `cancelled`
 */
export async function runArchive<J extends ArchiveJob>(
  job: J,
  { program }: ArchiveDeps,
  { progress, signal }: ArchiveRun,
): Promise<ResultOf<J>> {
  refuseStuck(job);
  await requireClear(job);
  if (signal.aborted) throw cancelled();
  const words = [...lastInLine(), process.execPath, ...nodeFlags, program];
  const env = environmentOf({}, process.env);
  const child = spawn(words[0] ?? program, words.slice(1), {
    cwd: "/",
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { hopeless, withdraw, [Symbol.dispose]: forget } = ending(child, job);
  signal.addEventListener("abort", withdraw);
  try {
    const end = await Promise.race([outcomeOf(child, job, progress), hopeless]);
    if (end?.told?.is === "done") return end.told.result as ResultOf<J>;
    if (!end || !(await groupGone(child))) throw givenUp(child, job);
    if (end.isBegun) await removeLeftovers(job); // It has done so itself, unless it was killed.
    if (signal.aborted) throw cancelled();
    if (end.told) throw archiveFailure(end.told.code, end.told.message);
    throw archiveFailure("failed", `The program for archives ended early: ${end.reason}.`);
  } finally {
    signal.removeEventListener("abort", withdraw);
    forget();
    kill(child);
  }
}

/** How one is ended that is not wanted any more. `hopeless` resolves when not even a SIGKILL has ended it. */
function ending(
  child: ChildProcess,
  job: ArchiveJob,
): Disposable & { hopeless: Promise<undefined>; withdraw: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (() => void) | undefined;
  const hopeless = new Promise<undefined>((resolve) => (giveUp = () => resolve(undefined)));
  const end = (): void => {
    kill(child);
    timer = setTimeout(() => giveUp?.(), killMs);
  };
  const withdraw = (): void => {
    if (!isOnSecondDisk(job)) return end();
    child.stdin?.end();
    timer = setTimeout(end, partingMs);
  };
  return { hopeless, withdraw, [Symbol.dispose]: () => clearTimeout(timer) };
}

function kill({ pid }: ChildProcess): void {
  if (pid !== undefined) sendSignal(-pid, "SIGKILL");
}

/** Nobody waits for it any more, and nothing of it is removed: whoever looked for that would wait for the same disk. */
function givenUp(child: ChildProcess, job: ArchiveJob): OstlerError {
  markStuck(job, child);
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
  child.unref();
  return archiveFailure(
    "failed",
    `The program for archives (pid ${child.pid}) does not end, not even by SIGKILL: it waits for a disk that does not answer. What it has left is removed by the next.`,
  );
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

/** Waits until nobody of its process group can write any more; says whether that came to be. */
async function groupGone(child: ChildProcess): Promise<boolean> {
  const { pid } = child;
  if (pid === undefined) return true;
  kill(child);
  for (let waitedMs = 0; !groupIsEmpty({ pid, startTicks: 0 }); waitedMs += lookMs) {
    if (waitedMs >= killMs) return false;
    await sleep(lookMs);
  }
  return true;
}

/** What gives everybody else the processor and the disk first, where the host has it. */
function lastInLine(): string[] {
  const nice = programPath("nice") === undefined ? [] : ["nice", "-n", "10"];
  const ionice = programPath("ionice") === undefined ? [] : ["ionice", "-c", "3"];
  return [...nice, ...ionice];
}

const cancelled = () => new OstlerError("cancelled", "The work on the archive was withdrawn; nothing of it is left.");
