import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { findExecutable } from "../executable.js";
import { LineSplitter } from "../line-splitter.js";
import { archiveFailure } from "./job.js";

/** A program that takes bytes and gives bytes. */
export type Child = {
  stdin: Writable;
  /** Nothing where what it gives goes into a file. */
  stdout: Readable | undefined;
  /** How it ended, and what it complained of first. */
  ended: Promise<{ code: number | null; killedBy: NodeJS.Signals | null; complaints: string[] }>;
};

/** Of what a program complains of, the first lines are kept. */
const maxComplaints = 20;
const maxLineBytes = 8 * 1024;

/** Where a program's package has another name. */
const packages: Record<string, string> = { gzip: "gzip", tar: "tar (GNU tar)" };

const running = new Set<ChildProcess>();
let isOverForAll = false;

type How = {
  /** What it complains of in such words is forgotten. */
  harmless?: RegExp;
  /** The descriptor of a file that takes what it gives. */
  into?: number | undefined;
};

/** Starts a program. @throws OstlerError `no-program` */
export function startChild(command: readonly string[], { harmless, into }: How = {}): Child {
  if (isOverForAll) throw archiveFailure("failed", "It was given up.");
  const [program = "", ...args] = command;
  const path = programPath(program);
  if (path === undefined)
    throw archiveFailure(
      "no-program",
      `${program} is not installed, and is needed. Install the package ${packages[program] ?? program}.`,
    );
  const child = spawn(path, args, {
    argv0: program,
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["pipe", into ?? "pipe", "pipe"],
  });
  running.add(child);
  const splitter = new LineSplitter(maxLineBytes);
  let complaints: string[] = [];
  const hear = (lines: readonly { text: string }[]): void => {
    const some = lines.map(({ text }) => text).filter((text) => text !== "" && harmless?.test(text) !== true);
    complaints = [...complaints, ...some].slice(0, maxComplaints);
  };
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stderr) throw archiveFailure("failed", `${program} cannot be started: it has no pipes.`);
  stderr.on("data", (chunk: Buffer) => hear(splitter.feed(chunk)));
  stdin.on("error", () => undefined); // Whoever takes no more has ended, and its end tells why.
  const ended: Child["ended"] = new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(archiveFailure("failed", `${program} cannot be started: ${cause.message}`)));
    child.once("close", (code, killedBy) => {
      running.delete(child);
      hear(splitter.rest());
      resolve({ code, killedBy, complaints });
    });
  });
  ended.catch(() => undefined); // Whoever started it hears of it.
  return { stdin, stdout: stdout ?? undefined, ended };
}

/** Where a program is; nothing when it is not installed. */
export function programPath(program: string): string | undefined {
  const found = findExecutable(program, { cwd: "/", searchPath: process.env.PATH ?? "" });
  return "path" in found ? found.path : undefined;
}

/** Ends everything that was started and still runs; resolves when nothing does. `forGood`: nothing is started any more. */
export async function killChildren(forGood = false): Promise<void> {
  isOverForAll ||= forGood;
  const gone = [...running].map(
    (child) => new Promise<void>((resolve) => (isOver(child) ? resolve() : child.once("exit", () => resolve()))),
  );
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(gone);
}

const isOver = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;
