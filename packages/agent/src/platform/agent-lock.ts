import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { bootId, isAlive, statOf, type Identity } from "./proc.js";

/**
 * Only one agent looks after a run directory. Each agent first leaves its identity there as the name of an empty file and
 * then looks who else is there; whoever finds another one alive gives way. Of two that come at the very same moment both
 * do: better none than two. A killed agent leaves a name that no living process has, which is worth nothing.
 * @throws OstlerError `wrong-state` when another agent is there
 */
export function lockAgent(runDir: string): Disposable {
  const directory = join(runDir, "agents");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const own = ownIdentity();
  const ownName = nameOf(own);
  const path = join(directory, ownName);
  if (!create(path)) throw inUse(runDir, own.pid);
  for (const name of readdirSync(directory)) {
    if (name === ownName) continue;
    const other = identityOf(name);
    if (other?.boot === bootId() && isAlive(other)) {
      rmSync(path, { force: true });
      throw inUse(runDir, other.pid);
    }
    rmSync(join(directory, name), { force: true });
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function inUse(runDir: string, pid: number): OstlerError {
  return new OstlerError(
    "wrong-state",
    `Another agent (pid ${pid}) uses ${runDir}. Stop it first, or give this one another agent.run_dir.`,
  );
}

/** Not when it is there: then another agent in this very process has made it. */
function create(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw failure;
  }
}

function ownIdentity(): Identity {
  return { pid: process.pid, startTicks: statOf(process.pid)?.startTicks ?? 0 };
}

function nameOf({ pid, startTicks }: Identity): string {
  return `${bootId()}.${pid}.${startTicks}`;
}

function identityOf(name: string): (Identity & { boot: string }) | undefined {
  const [boot, pid, startTicks] = name.split(".");
  return boot && pid && startTicks ? { boot, pid: Number(pid), startTicks: Number(startTicks) } : undefined;
}
