const nobody = 65_534;

/** Calls without the privileges of root, which nothing is forbidden to; who has none simply calls. */
export function unprivileged<T>(call: () => T): T {
  if (process.geteuid?.() !== 0) return call();
  process.seteuid?.(nobody);
  try {
    return call();
  } finally {
    process.seteuid?.(0);
  }
}
