import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { messageOf } from "@ostler/protocol";

/** A user of the host; without `listed` only its number is known, because it is in no database of users. */
export type Account = { uid: number; gid?: number; name: string; home: string; shell: string; listed: boolean };

/** Where users and groups are looked for; a directory such as LDAP is asked only for what is not in the file. */
export type Databases = { passwd: string; group: string; ask: (database: string, key: string) => string };

/** A directory that does not answer must not keep the agent from its work for longer. */
const askMs = 2000;

export const hostDatabases: Databases = { passwd: "/etc/passwd", group: "/etc/group", ask: askHost };

/** The largest id; the one above it means "none". */
const maxId = 0xff_ff_ff_fe;

/** A user by name or number, or why there is none. */
export function findUser(user: string, databases = hostDatabases): Account | { reason: string } {
  const entry = entryOf("passwd", user, databases);
  if ("reason" in entry) return entry;
  const [name, , uid, gid, , home = "", shell = ""] = entry.fields;
  const places = { home: home === "" ? "/" : home, shell: shell === "" ? "/bin/sh" : shell };
  if (name !== undefined) return { uid: Number(uid), gid: Number(gid), name, ...places, listed: true };
  if (isId(user)) return { uid: Number(user), name: user, ...places, listed: false };
  return { reason: `There is no user "${user}" on this host. Create it (adduser --system ${user}), or correct user.` };
}

/** The number of a group by its name or number, or why there is none. */
export function findGroup(group: string, databases = hostDatabases): { gid: number } | { reason: string } {
  if (isId(group)) return { gid: Number(group) };
  const entry = entryOf("group", group, databases);
  if ("reason" in entry) return entry;
  const [name, , gid] = entry.fields;
  if (name !== undefined) return { gid: Number(gid) };
  return {
    reason: `There is no group "${group}" on this host. Create it (addgroup --system ${group}), or correct the setting.`,
  };
}

function isId(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= maxId;
}

/** The fields of an entry by its name, or by its number (the third field); no fields when there is none. */
function entryOf(
  database: "passwd" | "group",
  key: string,
  databases: Databases,
): { fields: string[] } | { reason: string } {
  try {
    const lines = readFileSync(databases[database], "utf8").split("\n");
    const entry = entryIn(lines, key) ?? entryIn(databases.ask(database, key).split("\n"), key);
    return { fields: entry ?? [] };
  } catch (failure) {
    return { reason: `"${key}" cannot be looked up: ${messageOf(failure)}` };
  }
}

function entryIn(lines: readonly string[], key: string): string[] | undefined {
  const entries = lines.map((line) => line.split(":"));
  return entries.find(([name, , id]) => name === key || (isId(key) && id === key));
}

/** What the host's directories say, by getent(1), which is where the C library is; nothing when it is not there. */
function askHost(database: string, key: string): string {
  const { stdout, error } = spawnSync("getent", [database, key], { encoding: "utf8", timeout: askMs });
  if (error && (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  return stdout ?? "";
}
