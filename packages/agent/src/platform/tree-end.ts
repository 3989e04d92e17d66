import type { Clock } from "../core/clock.js";
import { isAlive, statOf, type Identity } from "./proc.js";
import { membersOf } from "./tree.js";

/** How a run's tree came to its end. Both are empty in the good case. */
export type Ended = { killed: number[]; survivors: number[] };

/** How often a shrinking tree is looked at: often at first, then seldom. And how long the kernel may take over a SIGKILL. */
const lookMs = 10;
const maxLookMs = 250;
const killMs = 2000;

/**
 * Sends a signal to the process group of a run, if its first process is still that process.
 * A pid that was given to another process in the meantime is never touched.
 */
export function signalRun(root: Identity, signal: NodeJS.Signals): void {
  if (isAlive(root)) sendSignal(-root.pid, signal);
}

/** Is there nobody left in the run's process group? One system call; a stray outside the group needs treeOf. */
export function groupIsEmpty(root: Identity): boolean {
  try {
    process.kill(-root.pid, 0);
    return false;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/**
 * Waits until nobody of the run is left, with `ask` after a SIGTERM to everybody who still is; after `deadlineMs` of the
 * monotonic clock whoever is left gets SIGKILL.
 */
export async function endTree(
  root: Identity | undefined,
  mark: string,
  { ask, deadlineMs }: { ask: boolean; deadlineMs: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<Ended> {
  const seen: Seen = new Map();
  for (let waitMs = lookMs, asked = !ask; ; waitMs = Math.min(waitMs * 1.3, maxLookMs)) {
    const left = leftOf(root, mark, seen);
    if (left.length === 0 || signal.aborted) return { killed: [], survivors: [] };
    if (!asked) for (const pid of left) sendSignal(pid, "SIGTERM");
    asked = true;
    const restMs = deadlineMs - clock.monotonic();
    if (restMs <= 0) return killTree(left, seen, root, mark, clock, signal);
    await clock.sleep(Math.min(waitMs, Math.max(1, restMs)), signal);
  }
}

/** Who was ever found in a tree, by pid. */
type Seen = Map<number, Identity>;

/**
 * Whoever is in the tree, or was and lives. One that is about to end has no environment any more, and its parent may be gone:
 * nothing tells where it belongs, while it still holds its files and sockets.
 */
function leftOf(root: Identity | undefined, mark: string, seen: Seen): number[] {
  const look = (): number[] => {
    for (const identity of membersOf(root, mark)) seen.set(identity.pid, identity);
    return [...seen.values()].filter(isAlive).map(({ pid }) => pid);
  };
  const left = look();
  // Processes are looked at one after the other, so one whose parent ends as it begins can slip by: but not twice.
  return left.length > 0 ? left : look();
}

async function killTree(
  first: number[],
  seen: Seen,
  root: Identity | undefined,
  mark: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Ended> {
  const killed = new Set<number>();
  const deadlineMs = clock.monotonic() + killMs;
  let left = first;
  while (left.length > 0 && clock.monotonic() < deadlineMs && !signal.aborted) {
    for (const pid of left) {
      killed.add(pid);
      sendSignal(pid, "SIGKILL");
    }
    await clock.sleep(lookMs, signal);
    left = leftOf(root, mark, seen);
  }
  return { killed: [...killed], survivors: left.filter((pid) => statOf(pid) !== undefined) };
}

/** Who is gone already needs no signal; whom the kernel does not let us signal is counted among the survivors. */
export function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (failure) {
    const { code = "" } = failure as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw failure;
  }
}
