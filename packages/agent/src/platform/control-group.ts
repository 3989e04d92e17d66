import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "@ostler/protocol";

/** What is written into the files of a control group, by their names: `memory.max`, `cpu.max`. */
export type GroupValues = Readonly<Record<string, string>>;

/** Where control groups of version 2 are mounted; nothing when they are not. */
export function groupRoot(): string | undefined {
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    if (after.startsWith("cgroup2 ")) return before.split(" ")[4];
  }
  return undefined;
}

/** Why no group with such values can be made below `root`; nothing when one can. Changes nothing. */
export function whyNoGroup(root: string | undefined, values: GroupValues): string | undefined {
  if (root === undefined)
    return "control groups of version 2 are not mounted here. Mount them (mount -t cgroup2 none /sys/fs/cgroup).";
  try {
    const missing = controllersOf(values).filter(
      (controller) => !wordsIn(root, "cgroup.controllers").includes(controller),
    );
    if (missing.length > 0)
      return (
        `the control groups of version 2 in ${root} have no controller for ${missing.join(" and ")}; it belongs to ` +
        "version 1, or to another group. Boot the host with systemd.unified_cgroup_hierarchy=1."
      );
    accessSync(join(root, "cgroup.subtree_control"), constants.W_OK);
    accessSync(root, constants.W_OK);
    const disabled = controllersOf(values).filter((one) => !wordsIn(root, "cgroup.subtree_control").includes(one));
    // Only the root of the host may have processes beside groups with controllers, and only the root has no type.
    if (disabled.length > 0 && readdirSync(root).includes("cgroup.type") && wordsIn(root, "cgroup.procs").length > 0)
      return `${root} is not the root of the host and has processes of its own. Move them into a group below it.`;
    return undefined;
  } catch (failure) {
    return `the agent may not make control groups in ${root} (${messageOf(failure)}). Run it as root, with ${root} writable.`;
  }
}

/** Makes a group below `root` by the names on the way to it, and gives it values. Throws what the kernel says against it. */
export function makeGroup(root: string, names: readonly string[], values: GroupValues): string {
  const enable = controllersOf(values).map((controller) => `+${controller}`);
  let path = root;
  for (const name of names) {
    write(join(path, "cgroup.subtree_control"), enable.join(" "));
    path = join(path, name);
    mkdirSync(path, { recursive: true });
  }
  try {
    for (const [file, value] of Object.entries(values)) write(join(path, file), value);
    return path;
  } catch (failure) {
    removeGroup(path);
    throw failure;
  }
}

/** False while somebody is in the group or below it. One that is not there is removed. */
export function removeGroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** The kernel's answer to a write names neither the file nor the value. */
function write(file: string, value: string): void {
  try {
    writeFileSync(file, value);
  } catch (cause) {
    throw new Error(`The kernel does not take "${value}" for ${file}: ${messageOf(cause)}`, { cause });
  }
}

function controllersOf(values: GroupValues): string[] {
  return [...new Set(Object.keys(values).map((file) => file.slice(0, file.indexOf("."))))];
}

function wordsIn(group: string, file: string): string[] {
  return readFileSync(join(group, file), "utf8").split(/\s+/).filter(Boolean);
}
