import type { ProcessUsage } from "../../platform/usage.js";

export type CpuTimes = Pick<ProcessUsage, "pid" | "startTicks" | "parent" | "cpuSeconds" | "waitedCpuSeconds">;

/** CPU time that a tree has used so far, and its members when they were last seen. */
export type CpuAccount = { seconds: number; members: ReadonlyMap<number, CpuTimes> };

export const unspent: CpuAccount = { seconds: 0, members: new Map() };

/**
 * The account after another look at the members. It never falls: what a member has used stays counted when it ends, and
 * does not count again when its parent, which has waited for it, shows it as its own. Who starts and ends between two looks
 * counts if a member has waited for it.
 */
export function spend({ seconds, members: before }: CpuAccount, now: readonly CpuTimes[]): CpuAccount {
  const members = new Map(now.map((member) => [member.pid, member]));
  const isThere = ({ pid, startTicks }: CpuTimes): boolean => members.get(pid)?.startTicks === startTicks;
  const inherited = new Map<number, number>();
  for (const gone of [...before.values()].filter((member) => !isThere(member))) {
    const heir = heirOf(gone, before, isThere);
    if (heir !== undefined) inherited.set(heir, (inherited.get(heir) ?? 0) + gone.cpuSeconds + gone.waitedCpuSeconds);
  }
  const spent = now.map((member) => {
    const seen = before.get(member.pid);
    const last = seen && isThere(seen) ? seen : { cpuSeconds: 0, waitedCpuSeconds: 0 };
    const waited = member.waitedCpuSeconds - last.waitedCpuSeconds - (inherited.get(member.pid) ?? 0);
    return Math.max(0, member.cpuSeconds - last.cpuSeconds) + Math.max(0, waited);
  });
  return { seconds: spent.reduce((sum, one) => sum + one, seconds), members };
}

/** Whose waited time a member that is gone has become: its nearest ancestor's that is still there. */
function heirOf(
  { pid, parent }: CpuTimes,
  before: CpuAccount["members"],
  isThere: (member: CpuTimes) => boolean,
): number | undefined {
  const seen = new Set([pid]);
  for (let above = before.get(parent); above && !seen.has(above.pid); above = before.get(above.parent)) {
    if (isThere(above)) return above.pid;
    seen.add(above.pid);
  }
  return undefined;
}
