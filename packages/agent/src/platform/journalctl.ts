import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { OstlerError } from "@ostler/protocol";
import { environmentOf } from "./environment.js";

/** An entry of systemd's journal: its fields as text, `MESSAGE` and what systemd.journal-fields(7) lists. */
export type JournalEntry = Readonly<Record<string, string>>;

/** How much of what a failing journalctl says is told. */
const maxWords = 500;

/**
 * The entries that `journalctl` has for these arguments, as they come; with `--follow` until the signal aborts. Leaves no
 * process behind when whoever reads stops. @throws OstlerError `failed` when the journal cannot be read
 */
export async function* readJournal(
  args: readonly string[],
  signal: AbortSignal,
  agent: NodeJS.ProcessEnv = process.env,
): AsyncGenerator<JournalEntry> {
  const { createInterface } = await import("node:readline"); // Few agents need it; it would delay the start of all.
  const lines = (input: Readable): AsyncIterable<string> => createInterface({ input, crlfDelay: Infinity });
  const fixed = ["--output=json", "--all", "--quiet", "--no-pager"];
  for await (const line of outputOf(["journalctl", ...fixed, ...args], lines, signal, agent)) yield parseEntry(line);
}

/** What a command that runs journalctl writes. @throws OstlerError `failed` when it does not end well by itself */
export async function* outputOf<T>(
  [program = "", ...args]: readonly string[],
  read: (stdout: Readable) => AsyncIterable<T>,
  signal: AbortSignal,
  agent: NodeJS.ProcessEnv = process.env,
): AsyncGenerator<T> {
  if (signal.aborted) return;
  const env = environmentOf({ LC_ALL: "C" }, agent);
  const child: ChildProcess = spawn(program, args, { env, cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
  let failure: string | undefined;
  let said = "";
  child.on("error", ({ message }) => (failure = message));
  child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, maxWords)));
  const closed = once(child, "close").catch(() => undefined); // Its error is told below.
  const end = (): void => void child.kill("SIGKILL"); // It only reads.
  signal.addEventListener("abort", end);
  try {
    if (child.stdout) yield* read(child.stdout); // There is none where no file can be opened any more.
    await closed;
    if (signal.aborted) return;
    if (failure !== undefined) throw new OstlerError("failed", `journalctl could not be run: ${failure}`);
    if (child.exitCode === 0) return;
    throw new OstlerError("failed", `journalctl ended with ${child.exitCode ?? child.signalCode}: ${said.trim()}`);
  } finally {
    signal.removeEventListener("abort", end);
    end();
    for (const pipe of [child.stdout, child.stderr]) pipe?.destroy(); // What nobody reads any more would hold it up.
    await closed;
  }
}

/** journalctl writes what is no text as a list of its bytes, and a field that was given twice as a list of its values. */
export function parseEntry(line: string): JournalEntry {
  const fields = Object.entries(JSON.parse(line) as Record<string, unknown>);
  return Object.fromEntries(fields.map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return "";
  return typeof value[0] === "number" ? Buffer.from(value as number[]).toString() : textOf(value.at(-1));
}
