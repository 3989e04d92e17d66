import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { whyNotExecutable } from "./executable.js";

/** So much of a script the kernel reads to find its interpreter. */
const headBytes = 256;

/**
 * Why the interpreter that a script names in its first line cannot run it; nothing of another program. The kernel would
 * only say that the script itself does not exist.
 */
export function missingInterpreter(script: string, cwd: string): string | undefined {
  const [, interpreter] = /^#![ \t]*([^ \t\n\0]+)/.exec(headOf(script)) ?? [];
  const why = interpreter === undefined ? undefined : whyNotExecutable(resolve(cwd, interpreter));
  if (interpreter === undefined || !why) return undefined;
  const line = `${script} names the interpreter ${interpreter.replace("\r", "")} in its first line`;
  if (interpreter.endsWith("\r")) return `${line}, which ends like one of Windows: write it with line ends of Unix.`;
  return `${line}: ${why.reason}`;
}

/** The beginning of a file; nothing of one that may be executed, but not read: then it is no script. */
function headOf(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const head = Buffer.alloc(headBytes);
    return head.toString("latin1", 0, readSync(file, head, 0, headBytes, 0));
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
