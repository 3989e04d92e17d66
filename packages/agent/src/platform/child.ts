import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { messageOf, type Exit } from "@ostler/protocol";
import { statOf, type Identity } from "./proc.js";
import { Tail } from "./tail.js";

export type ChildSpec = {
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** How much of the end of each stream is kept. */
  keptBytes: number;
  /** Brings everybody to an end whom the child started, and the child itself; resolves when it is done. */
  endAll: (root: Identity) => Promise<void> | void;
};

/** How a child came to its end. `stopped`: the signal aborted before it had ended by itself. */
export type ChildEnd =
  { started: false; reason: string } | { started: true; exit: Exit; stopped: boolean; stdout: Tail; stderr: Tail };

/** What was written last may still be on its way when everybody has ended; whoever escaped must not hold it up for longer. */
const drainMs = 500;

/**
 * Runs a program without a shell, in a session of its own and without input, until it ends or the signal aborts. Whatever
 * it started is ended with it. Never rejects.
 */
export async function runChild(spec: ChildSpec, signal: AbortSignal): Promise<ChildEnd> {
  if (signal.aborted) return { started: false, reason: "it was withdrawn before it began" };
  const child = start(spec);
  if ("reason" in child) return { started: false, reason: child.reason };
  const root = identityOf(child);
  const pipes = [child.stdout, child.stderr].filter(Boolean) as Readable[]; // None where no file can be opened any more.
  const [stdout, stderr] = [new Tail(spec.keptBytes), new Tail(spec.keptBytes)];
  child.stdout?.on("data", stdout.take);
  child.stderr?.on("data", stderr.take);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const over = new Promise<Over>((resolve) => {
    child.once("error", (failure) => resolve({ reason: messageOf(failure) }));
    child.once("exit", (code, killedBy) => resolve({ exit: exitOf(code, killedBy) }));
  });
  const stopped = (await Promise.race([over, untilAborted(signal, over)])) === "aborted";
  if (root) await spec.endAll(root);
  await withinDrain(closed);
  for (const pipe of pipes) pipe.destroy();
  const end = await Promise.race([over, Promise.resolve(unseen)]);
  return "reason" in end ? { started: false, ...end } : { started: true, ...end, stopped, stdout, stderr };
}

type Over = { exit: Exit } | { reason: string };

const unseen: Over = { exit: { kind: "unknown", reason: "not even SIGKILL has ended it yet" } };

function start({ command: [program = "", ...args], cwd, env }: ChildSpec): ChildProcess | { reason: string } {
  try {
    return spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (failure) {
    return { reason: messageOf(failure) };
  }
}

/** Read at once, while nobody has collected it. Nothing for what could not be started. */
function identityOf({ pid }: ChildProcess): Identity | undefined {
  return pid === undefined ? undefined : { pid, startTicks: statOf(pid)?.startTicks ?? 0 };
}

function exitOf(code: number | null, killedBy: NodeJS.Signals | null): Exit {
  return code === null ? { kind: "signal", signal: killedBy ?? "", core: false } : { kind: "code", code };
}

/** Listens no longer than until `over`: a signal may live for as long as the agent. */
function untilAborted(signal: AbortSignal, over: Promise<unknown>): Promise<"aborted"> {
  return new Promise((resolve) => {
    const abort = (): void => resolve("aborted");
    signal.addEventListener("abort", abort);
    void over.then(() => signal.removeEventListener("abort", abort));
  });
}

async function withinDrain(closed: Promise<void>): Promise<void> {
  let cancel = (): void => {};
  const late = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, drainMs);
    cancel = () => clearTimeout(timer);
  });
  await Promise.race([closed, late]);
  cancel();
}
