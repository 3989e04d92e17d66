import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

export type Found = { path: string } | { reason: string };

/** Where a program is, as a shell would look for it: a name in `searchPath`, anything with a slash relative to `cwd`. */
export function findExecutable(program: string, { cwd, searchPath }: { cwd: string; searchPath: string }): Found {
  if (program.includes("/")) return judge(isAbsolute(program) ? program : resolve(cwd, program));
  const candidates = searchPath.split(delimiter).map((directory) => judge(join(resolve(cwd, directory), program)));
  const found = candidates.find((candidate) => "path" in candidate);
  return found ?? { reason: `"${program}" is not in PATH (${searchPath}). Give its full path, or set PATH in env.` };
}

function judge(path: string): Found {
  try {
    if (statSync(path).isDirectory()) return { reason: `${path} is a directory, not a program.` };
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT") return { reason: `${path} does not exist.` };
    return { reason: `${path} cannot be reached: ${message}.` };
  }
  try {
    accessSync(path, constants.X_OK);
    return { path };
  } catch {
    return { reason: `${path} is not executable for this user. chmod +x it, or start it through its interpreter.` };
  }
}
