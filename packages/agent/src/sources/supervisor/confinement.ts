import type { LimitsConfig } from "../../config/limits.js";

/** What the kernel is to know of a process before its program begins; nothing of it is left to the program. */
export type Confinement = {
  /** Ids it runs with; `groups`: a list of ids, or whether they are looked up for the user or stay as they are. */
  ids?: { uid?: number; gid?: number; groups: readonly number[] | "of-user" | "kept" };
  noNewPrivileges: boolean;
  /** Added to the niceness of the agent. */
  niceBy: number;
  limits: LimitsConfig;
};

/** Programs that confine, and where they are. */
export type Tool = "nice" | "prlimit" | "setpriv";

type ResourceLimit = Exclude<keyof LimitsConfig, "memory" | "cpu">;

const optionOf: Record<ResourceLimit, string> = {
  open_files: "nofile",
  processes: "nproc",
  core: "core",
  file_size: "fsize",
  address_space: "as",
  cpu_time: "cpu",
  locked_memory: "memlock",
  stack: "stack",
};

/**
 * The words that stand in front of a command to confine it; none for a process without limits. Each program becomes the
 * next, so the pid stays. What takes root's rights comes first, the change of the user last.
 */
export function confiningWords({ ids, noNewPrivileges, niceBy, limits }: Confinement): [Tool, ...string[]][] {
  const limitOptions = Object.entries(optionOf).flatMap(([limit, option]) => {
    const value = limits[limit as ResourceLimit];
    return value === undefined ? [] : [`--${option}=${value}`];
  });
  const privileges = [...(ids ? idOptions(ids) : []), ...(noNewPrivileges ? ["--no-new-privs"] : [])];
  const all: [Tool, ...string[]][] = [
    ["nice", ...(niceBy === 0 ? [] : ["-n", String(niceBy)])],
    ["prlimit", ...limitOptions],
    ["setpriv", ...privileges],
  ];
  return all.filter(([, ...options]) => options.length > 0);
}

function idOptions({ uid, gid, groups }: NonNullable<Confinement["ids"]>): string[] {
  return [
    ...(uid === undefined ? [] : [`--reuid=${uid}`]),
    ...(gid === undefined ? [] : [`--regid=${gid}`]),
    groupsOption(groups),
  ];
}

function groupsOption(groups: NonNullable<Confinement["ids"]>["groups"]): string {
  if (groups === "of-user") return "--init-groups";
  if (groups === "kept") return "--keep-groups";
  return groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`;
}

/** The kernel's usual period, of which a group gets a share; in microseconds. */
const cpuPeriod = 100_000;

/** What the control group of a process is to hold; nothing when it needs none. */
export function groupValuesOf({ memory, cpu }: LimitsConfig): Record<string, string> {
  return {
    ...(memory === undefined ? {} : { "memory.max": memory === "unlimited" ? "max" : String(memory) }),
    ...(cpu === undefined ? {} : { "cpu.max": `${Math.round(cpu * cpuPeriod)} ${cpuPeriod}` }),
  };
}
