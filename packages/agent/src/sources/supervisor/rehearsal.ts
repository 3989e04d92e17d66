import { spawnSync } from "node:child_process";
import type { Refusal } from "../../platform/refusal.js";

/** Nothing here takes longer than some milliseconds, unless a directory of users does not answer. */
const rehearsalMs = 5000;

/** Confined like the process: may it be where it will run, and may it run its program? */
const script = `[ -x . ] || { echo "it may not enter its working directory $2" >&2; exit 1; }
[ -x "$1" ] || { echo "it may not execute $1" >&2; exit 1; }`;

/**
 * Why a process could not be started with these words in front of it, found by trying them with a shell in place of the
 * program: what the kernel allows depends on capabilities, name spaces and limits, and only the kernel knows. It changes
 * nothing. A warning counts: nice(1) goes on without the niceness it was asked for.
 */
export function whyNotConfined(words: readonly string[], program: string, cwd: string): Refusal | undefined {
  const [tool = "", ...options] = words;
  const { status, stderr, error } = spawnSync(
    tool,
    [...options, "/bin/sh", "-c", script, "ostler-rehearsal", program, cwd],
    {
      cwd,
      env: {},
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
      timeout: rehearsalMs,
    },
  );
  const said = stderr?.trim().replaceAll("\n", "; ") ?? "";
  if (status === 0 && said === "") return undefined;
  const why = error?.message ?? (said === "" ? `${words.join(" ")} ended with ${status ?? "a signal"}` : said);
  return { kind: kindOf(said), reason: `It cannot be confined as configured: ${why}.${hint()}` };
}

/** What changes the user is setpriv(1); the script's own complaints are of what this user may not do. */
function kindOf(said: string): Refusal["kind"] {
  return /^(\S*setpriv:|it may not )/.test(said) ? "permission" : "limits";
}

function hint(): string {
  const uid = process.geteuid?.();
  return uid === 0
    ? ""
    : ` The agent runs as user ${uid}: to give processes another user or more than it has, it must be root.`;
}
