import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import type { Exit } from "@ostler/protocol";
import { allProcesses, readProc } from "../../platform/proc.js";

/**
 * The keeper: a shell that stands between the agent and one run of a process, so that the run outlives the agent and its
 * exit status is not lost while nobody is there. It decides nothing and reads nothing; it only leaves records (records.ts).
 *
 * $1 is the path prefix of the run's records, $2 the mark of its descendants (which the keeper itself must not carry, or it
 * would be ended with them), $3 the umask of the command or nothing, $4 its control group or nothing, $5 setsid(1), the
 * rest the command. Its stderr is the run's `note`; file descriptor 3 is where the service's stderr goes. Everything but setsid
 * is built into the shell: a full disk or process table cannot hurt it later. (An empty control group that rmdir(1) could not
 * remove is removed before the next start.) Only the service gets the descriptor on which it notifies: $6 is the file.
 */
const scriptFor = (
  notifyFd: number | undefined,
): string => `run=$1 mark=$2 umask=$3 group=$4 setsid=$5${notifyFd === undefined ? "" : " notify=$6"}
shift ${notifyFd === undefined ? 5 : 6}
set -C
true >"$run.claimed" || exit 125
(
  [ -z "$group" ] || echo 0 >|"$group/cgroup.procs" || exit 125
  read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ ticks _ </proc/self/stat
  true >"$run.started.$pid.$ticks" || exit 125
  export OSTLER_RUN="$mark"
  [ -z "$umask" ] || umask "$umask" || exit 125
  exec "$setsid" "$@" 2>&3 3>&-${notifyFd === undefined ? "" : ` ${notifyFd}>>"$notify"`}
)
status=$?
true >"$run.exited.$status"
[ -z "$group" ] || /bin/rmdir "$group" 2>/dev/null
exit "$status"`;

/** Without a descriptor to notify on there is nothing of it in the shell. */
const plainScript = scriptFor(undefined);

/** The keeper's own exit status when it could not leave its first records: then nothing was started. */
export const notRecorded = 125;

export type Launch = {
  /** Path prefix of the run's records. */
  run: string;
  /** Value of OSTLER_RUN in every descendant, see platform/tree.ts. */
  mark: string;
  setsid: string;
  /** Octal; absent, it is the agent's. */
  umask?: string;
  /** The descriptor on which the process notifies, and the file that it is. */
  notify?: { fd: number; file: string };
  /** Directory of a control group that the run enters, and that is removed after it. */
  group?: string;
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Where stdout and stderr go: open files. */
  stdout: number;
  stderr: number;
};

/** Room for the shell's word about a signal, taken before the disk can be full. */
const noteBytes = 256;

/** Starts a keeper. Throws or emits `error` when the shell itself cannot be started. */
export function launchKeeper({
  run,
  mark,
  umask = "",
  group = "",
  notify,
  setsid,
  command,
  cwd,
  env,
  stdout,
  stderr,
}: Launch): ChildProcess {
  const note = openNote(`${run}.note`);
  try {
    const script = notify ? scriptFor(notify.fd) : plainScript;
    const words = [run, mark, umask, group, setsid, ...(notify ? [notify.file] : []), ...command];
    const keeper = spawn("/bin/sh", ["-c", script, "ostler-keeper", ...words], {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", stdout, note, stderr],
    });
    keeper.unref();
    return keeper;
  } finally {
    if (note !== "ignore") closeSync(note);
  }
}

/** Without room for a note the run goes on; only a signal and an exit code above 128 then look alike. */
function openNote(path: string): number | "ignore" {
  try {
    const note = openSync(path, "w", 0o600);
    writeSync(note, Buffer.alloc(noteBytes, " "), 0, noteBytes, 0);
    return note;
  } catch {
    return "ignore"; // A full disk. The supervisor's own check of its directory reports it.
  }
}

/** Does the keeper of this run live, whoever started it? It is known by its arguments. */
export function keeperLives(run: string): boolean {
  return allProcesses().some(
    ({ pid, ended }) => !ended && readProc(`${pid}/cmdline`)?.includes(`\0ostler-keeper\0${run}\0`),
  );
}

export function readNote(run: string): string {
  try {
    return readFileSync(`${run}.note`, "utf8").trim();
  } catch {
    return "";
  }
}

/**
 * How the run ended, from the shell's status and its note. A shell reports a signal as 128 + its number, which an exit code
 * may be as well; but only of a signal it says a word, except of SIGINT and SIGPIPE.
 */
export function exitOf(status: number, note: string): Exit {
  const signal = signalNames.get(status - 128);
  const said = note !== "" || signal === "SIGINT" || signal === "SIGPIPE";
  if (status > 128 && signal && said) return { kind: "signal", signal, core: note.includes("core dumped") };
  return { kind: "code", code: status };
}

/** Of names for the same number the usual one comes first, as SIGABRT before SIGIOT. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);
