/**
 * Variables by which a loader, a C library or a shell runs code of somebody's choice. The programs that stand between the
 * agent and a process of another user run as root: they must not heed what is meant for the process.
 */
const heeded = /^(LD_|MALLOC_|BASH)|^(ENV|SHELLOPTS|PS4|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|NLSPATH)$/;

const cover = "OSTLER_LATE_";

/**
 * An environment in which such variables go by names that nobody heeds, and the words that give them their names again
 * when root is left behind. The values are in no argument, where everybody could read them.
 */
export function postponed(env: Record<string, string>): { env: Record<string, string>; words: string[] } {
  const late = Object.keys(env).filter((name) => heeded.test(name));
  if (late.length === 0) return { env, words: [] };
  const covered = Object.entries(env).map(([name, value]) => [late.includes(name) ? cover + name : name, value]);
  const named = late.map((name) => `export ${name}="$${cover}${name}"; unset ${cover}${name}`);
  const script = [...named, 'exec "$@"'].join("\n");
  return {
    env: Object.fromEntries(covered) as Record<string, string>,
    words: ["/bin/sh", "-c", script, "ostler-late"],
  };
}
