/** What a process inherits from the agent: enough to find programs and a home, and none of the agent's secrets. */
const inherited = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"];

/** Used where the agent itself was started without a PATH. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment of a process: a few inherited variables, `NO_COLOR` (its output goes into files), and the configured ones. */
export function environmentOf(configured: Record<string, string>, agent: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(agent).filter(([name]) => inherited.includes(name) || name.startsWith("LC_"));
  return { PATH: defaultPath, NO_COLOR: "1", ...(Object.fromEntries(kept) as Record<string, string>), ...configured };
}
