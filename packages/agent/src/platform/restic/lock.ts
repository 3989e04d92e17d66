/** Who has locked a repository, as `restic cat lock` tells. */
export type ResticLock = { time: string; exclusive: boolean; hostname: string; username: string; pid: number };

export type LockHost = {
  name: string;
  nowMs: number;
  /** The name of the program that has this pid; nothing when nobody has it. */
  programOf: (pid: number) => string | undefined;
};

/** restic renews its locks every few minutes, and takes a lock that is older for one that was left. */
const staleMs = 30 * 60_000;

/**
 * What is to be thought of a lock: `left` by a restic of this host that was killed, `held` by one that lives or is elsewhere, or `unsure`.
 * Of a young lock restic asks by a SIGHUP to its pid whether it is held, which must not reach another program that has this pid now.
 */
export function judgeLock({ hostname, pid, time }: ResticLock, host: LockHost): "left" | "held" | "unsure" {
  if (hostname !== host.name) return "held";
  const program = host.programOf(pid);
  if (program === undefined) return "left";
  if (program === "restic") return "held";
  return host.nowMs - Date.parse(time) > staleMs ? "left" : "unsure";
}

/** Restic removes all locks that were left by one command: is there one, and is it safe for everybody else? */
export function mayUnlock(locks: readonly ResticLock[], host: LockHost): boolean {
  const judged = locks.map((lock) => judgeLock(lock, host));
  return judged.includes("left") && !judged.includes("unsure");
}
