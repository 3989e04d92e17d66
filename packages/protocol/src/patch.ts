/** A JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces. */
export type MergePatch = Record<string, unknown>;

/** What turns `before` into `after`; nothing when they are alike. Parts shared by reference are not looked into. */
export function diff(before: object, after: object): MergePatch | undefined {
  const old = before as Record<string, unknown>;
  const patch: MergePatch = {};
  for (const key of Object.keys(old)) if (!Object.hasOwn(after, key)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    const was = old[key];
    if (was === value && Object.hasOwn(old, key)) continue;
    if (isObject(was) && isObject(value)) {
      const inner = diff(was, value);
      if (inner) patch[key] = inner;
    } else if (JSON.stringify(was) !== JSON.stringify(value)) patch[key] = value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

export function applyPatch<T extends object>(target: T, patch: MergePatch): T {
  const kept = Object.entries(target).filter(([key]) => !Object.hasOwn(patch, key) || patch[key] !== null);
  const result = Object.fromEntries(kept) as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) continue;
    const was = Object.hasOwn(result, key) ? result[key] : undefined;
    define(result, key, isObject(value) ? applyPatch(isObject(was) ? was : {}, value) : value);
  }
  return result as T;
}

/** Sets an own property, also when a hostile peer calls it `__proto__`. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isObject(value: unknown): value is MergePatch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
