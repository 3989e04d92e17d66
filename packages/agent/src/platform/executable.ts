import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Refusal } from "./refusal.js";

export type Found = { path: string } | Refusal;

/** Where a program is, as a shell would look for it: a name in `searchPath`, anything with a slash relative to `cwd`. */
export function findExecutable(program: string, { cwd, searchPath }: { cwd: string; searchPath: string }): Found {
  if (program.includes("/")) return judge(isAbsolute(program) ? program : resolve(cwd, program));
  const candidates = searchPath.split(delimiter).map((directory) => judge(join(resolve(cwd, directory), program)));
  const found = candidates.find((candidate) => "path" in candidate);
  const reason = `"${program}" is not in PATH (${searchPath}). Give its full path, or set PATH in env.`;
  return found ?? { kind: "not-found", reason };
}

function judge(path: string): Found {
  return whyNotExecutable(path) ?? { path };
}

/** Why a file cannot be executed; nothing when it can. */
export function whyNotExecutable(path: string): Refusal | undefined {
  try {
    if (statSync(path).isDirectory())
      return { kind: "not-executable", reason: `${path} is a directory, not a program.` };
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT") return { kind: "not-found", reason: `${path} does not exist.` };
    const kind = code === "EACCES" ? "permission" : "not-found";
    return { kind, reason: `${path} cannot be reached: ${message}.` };
  }
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    const reason = `${path} is not executable for this user. chmod +x it, or start it through its interpreter.`;
    return { kind: "not-executable", reason };
  }
}
