import { getPriority } from "node:os";
import type { ProcessConfig } from "../../config/processes.js";
import { findGroup, findUser, hostDatabases, type Account } from "../../platform/accounts.js";
import { findExecutable } from "../../platform/executable.js";
import type { Refusal } from "../../platform/refusal.js";
import { confiningWords, type Confinement } from "./confinement.js";

/** The words in front of the command, and the user whose process it will be when it is not the agent's. */
export type Confined = { words: string[]; owner?: Account };

export type Host = { databases: typeof hostDatabases; searchPath: string };

const host: Host = { databases: hostDatabases, searchPath: "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin" };

/** Looks up what confines a process on this host: its user, groups and the programs for it. Changes nothing. */
export function confine(config: ProcessConfig, { databases, searchPath } = host): Confined | Refusal {
  const identity = identityOf(config, databases);
  if ("reason" in identity) return { kind: "no-user", ...identity };
  const { ids, owner } = identity;
  const words: string[] = [];
  const confinement = {
    ...(ids && !isAgents(ids) ? { ids } : {}),
    noNewPrivileges: config.no_new_privileges ?? false,
    niceBy: config.nice === undefined ? 0 : config.nice - getPriority(),
    limits: config.limits ?? {},
  };
  for (const [tool, ...options] of confiningWords(confinement)) {
    const found = findExecutable(tool, { cwd: "/", searchPath });
    if ("reason" in found)
      return { ...found, reason: `${tool}(1) is missing, which ${needOf[tool]} need: install ${packageOf[tool]}.` };
    words.push(found.path, ...options);
  }
  return { words, ...(owner ? { owner } : {}) };
}

const needOf = {
  nice: "processes with nice",
  prlimit: "limits",
  setpriv: "user, group, groups and no_new_privileges",
};

const packageOf = { nice: "coreutils", prlimit: "util-linux", setpriv: "util-linux" };

type Ids = NonNullable<Confinement["ids"]>;

function identityOf(
  { user, group, groups }: ProcessConfig,
  databases: Host["databases"],
): { ids?: Ids; owner?: Account } | { reason: string } {
  const owner = user === undefined ? undefined : findUser(user, databases);
  if (owner && "reason" in owner) return owner;
  const own = group === undefined ? undefined : findGroup(group, databases);
  if (own && "reason" in own) return own;
  const further: number[] = [];
  for (const name of groups ?? []) {
    const found = findGroup(name, databases);
    if ("reason" in found) return found;
    further.push(found.gid);
  }
  const gid = own?.gid ?? owner?.gid;
  if (owner && gid === undefined)
    return {
      reason: `User ${owner.uid} is in no database of this host, so its group is not known. Set group as well.`,
    };
  if (!owner && gid === undefined && !groups) return {};
  const ids = {
    ...(owner ? { uid: owner.uid } : {}),
    ...(gid === undefined ? {} : { gid }),
    groups: groups ? further : groupsOf(owner),
  };
  return { ids, ...(owner ? { owner } : {}) };
}

function groupsOf(owner: Account | undefined): Ids["groups"] {
  if (!owner) return "kept";
  return owner.listed ? "of-user" : [];
}

/** Who is not root may not change who it is, not even to itself. */
function isAgents({ uid, gid, groups }: Ids): boolean {
  const [agentUid, agentGid] = [process.geteuid?.(), process.getegid?.()];
  return (
    agentUid !== 0 && (uid ?? agentUid) === agentUid && (gid ?? agentGid) === agentGid && typeof groups === "string"
  );
}
