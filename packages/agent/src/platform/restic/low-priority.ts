import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findExecutable } from "../executable.js";

/** Each becomes the program after it: one that needs the processor and the disk least, and gets SIGINT when the agent is killed. */
const wrappers = [
  ["nice", "-n", "10"],
  ["ionice", "-c", "2", "-n", "7"],
  ["setpriv", "--pdeathsig", "INT"],
];
/** Whoever takes longer to begin `true` is left out. */
const probeMs = 5000;

const known = new Map<string, Promise<string[]>>();

/** The words to put before a program. What this host has not, or does not allow, is left out; it is tried once. */
export function lowPriority(searchPath: string): Promise<string[]> {
  const words =
    known.get(searchPath) ?? Promise.all(wrappers.map((one) => tried(one, searchPath))).then((all) => all.flat());
  known.set(searchPath, words);
  return words;
}

async function tried([program = "", ...args]: readonly string[], searchPath: string): Promise<string[]> {
  const found = findExecutable(program, { cwd: "/", searchPath });
  if ("reason" in found) return [];
  const env = { PATH: searchPath };
  return promisify(execFile)(found.path, [...args, "true"], { env, timeout: probeMs }).then(
    () => [found.path, ...args],
    () => [], // Then it runs as everybody else does.
  );
}
