import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** Where programs of Debian's packages are, also those that only root has in its PATH. */
const directories = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];

export function pathOf(program: string): string | undefined {
  if (program.startsWith("/")) return isExecutable(program) ? program : undefined;
  return directories.map((directory) => join(directory, program)).find(isExecutable);
}

/**
 * Options for a test that needs programs of the host. Without one it is reported as not run, never as passed; where
 * OSTLER_CI is set it runs, and fails.
 */
export function needs(...programs: string[]): { skip?: string } {
  const missing = programs.filter((program) => pathOf(program) === undefined);
  if (missing.length === 0 || process.env.OSTLER_CI !== undefined) return {};
  return { skip: `not run: ${missing.join(", ")} is not installed` };
}

/** Mounts and namespaces are root's. */
export function needsRoot(): { skip?: string } {
  if (process.getuid?.() === 0 || process.env.OSTLER_CI !== undefined) return {};
  return { skip: "not run: it needs root" };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
