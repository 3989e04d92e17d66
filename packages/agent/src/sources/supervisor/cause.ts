import type { EndCause, Exit, Likely, StartFailureKind } from "@ostler/protocol";

/** Why a process ended: what is certain, and what its last words let one guess. */

export type EndFacts = {
  exit: Exit;
  /** The exit counts as success. */
  clean: boolean;
  /** The agent asked it to end: for a person, because it was unhealthy or because it ran too long. */
  asked: "no" | "stop" | "unhealthy" | "overdue";
  /** It had to be killed after its stop timeout. */
  forced: boolean;
  /** The kernel killed it for lack of memory. */
  outOfMemory: boolean;
};

export function causeOf({ exit, clean, asked, forced, outOfMemory }: EndFacts): EndCause {
  if (outOfMemory) return "out-of-memory";
  if (asked === "overdue") return "overdue";
  if (forced) return "timeout";
  if (asked === "unhealthy") return "watchdog";
  if (exit.kind === "unknown") return "unknown";
  if (clean) return "clean";
  if (exit.kind === "code") return "code";
  return exit.core ? "core-dump" : "signal";
}

/** A process that ran longer than this did not fail to begin; what it said last means something else. */
const beginningMs = 10_000;

/** Exit codes of sysexits.h that say it without words. */
const usageError = 64;
const configError = 78;

/** Exit codes by which a shell says that it could not execute a program, or found none. */
const notExecutable = 126;
const notFound = 127;

/** In the order in which they are believed: what names an errno first. */
const signs: [reason: Likely["reason"], pattern: RegExp][] = [
  ["address-in-use", /EADDRINUSE|address (is )?already in use|port \d+ is already (in use|allocated)/i],
  ["no-space", /ENOSPC|no space left on device|disk (is )?full|disk quota exceeded/i],
  [
    "missing-dependency",
    /cannot find (module|package)|ModuleNotFoundError|ImportError|error while loading shared libraries|cannot open shared object|ClassNotFoundException|NoClassDefFoundError|command not found|executable file not found/i,
  ],
  ["permission", /EACCES|EPERM|permission denied|operation not permitted/i],
  [
    "configuration",
    /(invalid|bad|unknown|unrecognized|unexpected|missing|fatal) (config\w*|option|argument|directive|setting|key)|config\w*( file)? (error|test failed|is invalid|not found)|(error|failed) (in|to (load|read|parse)) (the )?config|yaml: |toml: |^usage:/i,
  ],
];

/** Whether its last lines can say why it ended: not when it ended well or later, and not when somebody killed it. */
export function saysWhy(exit: Exit, uptimeMs: number): boolean {
  if (uptimeMs > beginningMs) return false;
  return exit.kind === "code" ? exit.code !== 0 : exit.kind === "signal" && exit.signal !== "SIGKILL";
}

/** What probably kept it from running, from its exit code and its last lines; the newest line that says so. */
export function likelyReason(exit: Exit, lines: readonly string[]): Likely | undefined {
  for (const [reason, pattern] of signs) {
    const line = lines.findLast((text) => pattern.test(text));
    if (line !== undefined) return { reason, line };
  }
  if (exit.kind === "code" && (exit.code === usageError || exit.code === configError))
    return { reason: "configuration", line: `exit code ${exit.code}` };
  if (exit.kind === "code" && exit.code === notFound)
    return { reason: "missing-dependency", line: `exit code ${exit.code}` };
  if (exit.kind === "code" && exit.code === notExecutable)
    return { reason: "permission", line: `exit code ${exit.code}` };
  return undefined;
}

/** Nothing but a person mends these: trying again soon would only fill the log. */
export function isHopeless(exit: Exit, likely: Likely | undefined): boolean {
  if (likely?.reason === "configuration" || likely?.reason === "missing-dependency") return true;
  return likely !== undefined && exit.kind === "code" && exit.code === notExecutable;
}

/** Whatever is wrong with the program or what is configured for it; the host and the keeper may be well again at once. */
export function isHopelessStart(kind: StartFailureKind): boolean {
  return kind !== "keeper" && kind !== "host" && kind !== "cancelled";
}
