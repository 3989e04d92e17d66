import { randomUUID } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { messageOf, OstlerError } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { environmentOf } from "../environment.js";
import { findExecutable } from "../executable.js";
import { LineSplitter } from "../line-splitter.js";
import { statOf, type Identity } from "../proc.js";
import { endTree, signalRun } from "../tree-end.js";
import { runVariable } from "../tree.js";
import { lowPriority } from "./low-priority.js";
import { resticError, type ResticEnd } from "./trouble.js";

/** Where a repository is, and what opens it. All of it reaches restic by its environment, which others cannot see. */
export type ResticAccess = { repository: string; passwordFile: string; env: Record<string, string> };

export type ResticDeps = {
  clock: Clock;
  /** The environment of the agent. */
  env: NodeJS.ProcessEnv;
  /** Where restic keeps what it would have to fetch again. */
  cacheDir: string;
};

export type ResticCall = {
  args: readonly string[];
  input?: string | Buffer;
  /** Another one for this call. */
  cacheDir?: string;
  /** Called with each line of the output, and of the complaints. What they throw ends restic, and is thrown. */
  line?: (line: string) => void;
  complaint?: (line: string) => void;
};

/** All snapshots come in one line; one that is longer is refused. */
const maxLineBytes = 64 * 1024 * 1024;
/** A complaint that is longer is clipped; of all of them the last are kept. */
const maxComplaintBytes = 8 * 1024;
const maxComplaints = 50;
/** How long restic has to remove its lock when it is interrupted; and whom it started, to end after it. */
const graceMs = 10_000;
const afterMs = 2000;
/** Shorter values of `env` are words like `1` and `true`: hiding them would hide half of what is said. */
const minSecret = 6;

const never = new AbortController().signal;

/**
 * Runs restic with low priority until it ends. When the signal aborts it is interrupted, and killed if that does not help; nothing of it
 * is left then. @throws OstlerError `failed` when it cannot be run, `cancelled`
 */
export async function runRestic(
  access: ResticAccess,
  call: ResticCall,
  deps: ResticDeps,
  signal: AbortSignal,
): Promise<ResticEnd> {
  const mark = `restic/${randomUUID()}`;
  const common = environmentOf(access.env, deps.env);
  const env = { ...common, ...ownVariables(access, call.cacheDir ?? deps.cacheDir), [runVariable]: mark };
  const [program = "", ...before] = await commandIn(common.PATH ?? "");
  if (signal.aborted) throw withdrawn();
  const child = spawn(program, [...before, ...call.args], {
    ...{ env, cwd: "/", detached: true, stdio: ["pipe", "pipe", "pipe"] },
  });
  const root = child.pid === undefined ? undefined : { pid: child.pid, startTicks: statOf(child.pid)?.startTicks ?? 0 };
  const { said, failure } = listen(child, call, access, () => root && signalRun(root, "SIGINT"));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const over = exitOf(child);
  const forget = root ? endingWith(root, deps.clock, signal) : (): void => undefined;
  const exit = await over;
  forget();
  if ("reason" in exit) throw resticError("failed", `restic could not be started: ${exit.reason}.`);
  const deadlineMs = deps.clock.monotonic() + afterMs;
  await endTree(root, mark, { ask: true, deadlineMs }, deps.clock, never);
  await closed;
  if (signal.aborted) throw withdrawn();
  const thrown = failure();
  if (thrown !== undefined) throw OstlerError.from(thrown);
  return { ...exit, said };
}

async function commandIn(searchPath: string): Promise<string[]> {
  const found = findExecutable("restic", { cwd: "/", searchPath });
  if ("path" in found) return [...(await lowPriority(searchPath)), found.path];
  throw resticError(
    "no-program",
    `restic is not installed: it is not in PATH (${searchPath}). Install it: on Debian, apt install restic.`,
  );
}

function ownVariables({ repository, passwordFile }: ResticAccess, cacheDir: string): Record<string, string> {
  return {
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD_FILE: passwordFile,
    RESTIC_CACHE_DIR: cacheDir,
    RESTIC_PROGRESS_FPS: "1",
  };
}

function withdrawn(): OstlerError {
  return new OstlerError("cancelled", "restic was interrupted: nobody waits for it any more.");
}

/** Hears what restic says; `failure` is what a listener has thrown. */
function listen(
  child: ChildProcess,
  { line, complaint, input }: ResticCall,
  access: ResticAccess,
  end: () => void,
): { said: string[]; failure: () => unknown } {
  const said: string[] = [];
  let failure: unknown;
  const guarded = (hear: () => void): void => {
    if (failure !== undefined) return;
    try {
      hear();
    } catch (thrown) {
      failure = thrown;
      end();
    }
  };
  const hide = hiding(access);
  hearLines(child.stdout, maxLineBytes, (text, clipped) =>
    guarded(() => {
      if (clipped) throw resticError("failed", `restic has answered with more than ${maxLineBytes} bytes in a line.`);
      line?.(text);
    }),
  );
  hearLines(child.stderr, maxComplaintBytes, (text) => {
    guarded(() => complaint?.(text));
    said.push(hide(text));
    if (said.length > maxComplaints) said.shift();
  });
  child.stdin?.on("error", () => undefined); // It ended before it had read all: how it ended tells why.
  child.stdin?.end(input ?? "");
  return { said, failure: () => failure };
}

/** There is no stream where no file can be opened any more. */
function hearLines(stream: Readable | null, maxBytes: number, hear: (text: string, clipped: boolean) => void): void {
  const splitter = new LineSplitter(maxBytes);
  const hearAll = (lines: ReturnType<LineSplitter["feed"]>): void => {
    for (const { text, clipped } of lines) hear(text, clipped);
  };
  stream?.on("data", (chunk: Buffer) => hearAll(splitter.feed(chunk)));
  stream?.on("end", () => hearAll(splitter.rest()));
}

/** Addresses of repositories may have passwords in them. */
function hiding({ repository, env }: ResticAccess): (text: string) => string {
  const values = Object.values(env).filter(({ length }) => length >= minSecret);
  const longestFirst = [...values, repository].sort((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce(
      (clean, secret) => clean.replaceAll(secret, secret === repository ? "the repository" : "[redacted]"),
      text,
    );
}

type Exit = { code: number | null; killedBy: NodeJS.Signals | null } | { reason: string };

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", (failure) => resolve({ reason: messageOf(failure) }));
    child.once("exit", (code, killedBy) => resolve({ code, killedBy }));
  });
}

/** Interrupts whoever runs when the signal aborts, and kills if that does not help, until the returned function is called. */
function endingWith(root: Identity, clock: Clock, signal: AbortSignal): () => void {
  let cancelKill = (): void => undefined;
  const interrupt = (): void => {
    signalRun(root, "SIGINT");
    cancelKill = clock.after(graceMs, () => signalRun(root, "SIGKILL"));
  };
  signal.addEventListener("abort", interrupt, { once: true });
  return () => {
    signal.removeEventListener("abort", interrupt);
    cancelKill();
  };
}
