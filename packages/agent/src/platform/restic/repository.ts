import { hostname } from "node:os";
import { readProc } from "../proc.js";
import { mayUnlock, type LockHost, type ResticLock } from "./lock.js";
import { lockIn } from "./messages.js";
import { runRestic, type ResticAccess, type ResticCall, type ResticDeps } from "./run-restic.js";
import { resticFailure, resticTroubleOf, type ResticEnd } from "./trouble.js";

export type ResticRepository = {
  /**
   * Runs restic; `doing` is what it is to do, for people. Waits while another has locked the repository, and removes locks that killed
   * ones of this host have left. @throws OstlerError where the exit code is none of `fine`
   */
  run: (doing: string, call: ResticCall & { fine?: readonly number[] }, signal: AbortSignal) => Promise<ResticEnd>;
};

export type RepositoryDeps = ResticDeps & {
  /** So long it is waited for others that have locked the repository. */
  maxLockWaitMs?: number;
};

/** Backups of other services may take a while; whoever takes longer is told of. */
const usualLockWaitMs = 10 * 60_000;
const lookMs = 5000;

/** A repository of restic, which there may not be yet. */
export function resticRepository(access: ResticAccess, deps: RepositoryDeps): ResticRepository {
  const { clock, maxLockWaitMs = usualLockWaitMs } = deps;

  const once = async (doing: string, call: Parameters<ResticRepository["run"]>[1], signal: AbortSignal) => {
    const end = await runRestic(access, call, deps, signal);
    if (end.killedBy === null && (call.fine ?? [0]).includes(end.code ?? -1)) return end;
    throw resticFailure(doing, end);
  };

  const run: ResticRepository["run"] = async (doing, call, signal) => {
    const deadlineMs = clock.monotonic() + maxLockWaitMs;
    for (let mayBeLeft = true; ;) {
      try {
        return await once(doing, call, signal);
      } catch (failure) {
        if (resticTroubleOf(failure) !== "locked") throw failure;
        if (mayBeLeft && (await unlockIfLeft(once, deps, signal))) {
          mayBeLeft = false;
          continue;
        }
        if (clock.monotonic() >= deadlineMs) throw failure;
        await clock.sleep(Math.min(lookMs, Math.max(1, deadlineMs - clock.monotonic())), signal);
      }
    }
  };
  return { run };
}

type Run = ResticRepository["run"];

/** Has restic remove what killed ones of this host have left. False where there is no such lock. */
async function unlockIfLeft(run: Run, { clock }: ResticDeps, signal: AbortSignal): Promise<boolean> {
  const locks = await locksOf(run, signal);
  const host: LockHost = { name: hostname(), nowMs: clock.now(), programOf };
  if (!mayUnlock(locks, host)) return false;
  await run("remove a lock that was left", { args: ["unlock"] }, signal);
  return true;
}

async function locksOf(run: Run, signal: AbortSignal): Promise<ResticLock[]> {
  const ids: string[] = [];
  const collect = (line: string): void => {
    if (/^[0-9a-f]{64}$/.test(line)) ids.push(line);
  };
  await run("list its locks", { args: ["list", "locks", "--no-lock"], line: collect }, signal);
  const locks: ResticLock[] = [];
  for (const id of ids) {
    const lines: string[] = [];
    // A lock that is released meanwhile cannot be read any more.
    const { code } = await run(
      "read a lock",
      { args: ["cat", "lock", id, "--no-lock"], line: (line) => lines.push(line), fine: [0, 1] },
      signal,
    );
    if (code === 0) locks.push(lockIn(lines.join("\n")));
  }
  return locks;
}

/** A process that hides from us has some name. */
function programOf(pid: number): string | undefined {
  return readProc(`${pid}/comm`)?.trim() ?? (isThere(pid) ? "" : undefined);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === "EPERM";
  }
}
