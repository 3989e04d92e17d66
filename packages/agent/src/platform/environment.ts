/** What a process inherits from the agent: enough to find programs and a home, and none of the agent's secrets. */
const inherited = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"];

/** Used where the agent itself was started without a PATH. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Whose environment it is, when it is not that of the agent's own user. */
export type Owner = { name: string; home: string; shell: string };

/**
 * The environment of a process: a few inherited variables, `NO_COLOR` (its output goes into files), and the configured ones.
 * That of another user has this user's home and name, and nothing of the agent's own session.
 */
export function environmentOf(
  configured: Record<string, string>,
  agent: NodeJS.ProcessEnv,
  owner?: Owner,
): Record<string, string> {
  const kept = Object.entries(agent).filter(([name]) => inherited.includes(name) || name.startsWith("LC_"));
  const { XDG_RUNTIME_DIR, ...common } = Object.fromEntries(kept) as Record<string, string>;
  const own = owner
    ? { HOME: owner.home, USER: owner.name, LOGNAME: owner.name, SHELL: owner.shell }
    : XDG_RUNTIME_DIR !== undefined && { XDG_RUNTIME_DIR };
  return { PATH: defaultPath, NO_COLOR: "1", ...common, ...own, ...configured };
}
