import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Pids of all processes in a control group that systemd has made, and in the groups below it; `group` is its path as systemd
 * tells it. Nothing when there is no such group, or none can be seen from here.
 */
export function groupMembers(group: string): number[] | undefined {
  if (group === "") return undefined;
  for (const root of systemdRoots()) {
    const members = membersBelow(join(root, group));
    if (members) return members;
  }
  return undefined;
}

/** Where systemd's groups may be mounted: its own hierarchy of version 1, which a hybrid layout has, before that of version 2. */
function systemdRoots(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [type = "", , options = ""] = after.split(" ");
      return { path: before.split(" ")[4] ?? "", type, named: options.split(",").includes("name=systemd") };
    });
  return [
    ...mounts.filter(({ type, named }) => type === "cgroup" && named),
    ...mounts.filter(({ type }) => type === "cgroup2"),
  ].map(({ path }) => path);
}

function membersBelow(directory: string): number[] | undefined {
  try {
    const own = readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap(({ name }) => membersBelow(join(directory, name)) ?? [])];
  } catch {
    return undefined; // It has gone with its last process.
  }
}
