import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { bootId, isAlive, statOf, type Identity } from "./proc.js";

/**
 * Only one agent looks after a run directory. Each agent first leaves its identity there as the name of an empty file and
 * then looks who else is there; of two that come at the same time the one that started first stays. A killed agent leaves
 * a name that no living process has, which is worth nothing. @throws OstlerError `wrong-state` when another agent is there
 */
export function lockAgent(runDir: string): Disposable {
  const directory = join(runDir, "agents");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const own = ownIdentity();
  const path = join(directory, nameOf(own));
  closeSync(openSync(path, "w", 0o600));
  for (const name of readdirSync(directory)) {
    const other = identityOf(name);
    if (other?.boot === bootId() && isAlive(other)) {
      if (other.pid === own.pid || !isBefore(other, own)) continue;
      rmSync(path, { force: true });
      throw new OstlerError(
        "wrong-state",
        `Another agent (pid ${other.pid}) uses ${runDir}. Stop it first, or give this one another agent.run_dir.`,
      );
    }
    rmSync(join(directory, name), { force: true });
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
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

function isBefore(a: Identity, b: Identity): boolean {
  return a.startTicks < b.startTicks || (a.startTicks === b.startTicks && a.pid < b.pid);
}
