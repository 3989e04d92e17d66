import { own } from "./own.js";

/** A JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces. */
export type MergePatch = Record<string, unknown>;

/** What turns `before` into `after`; nothing when they are alike. Parts shared by reference are not looked into. */
export function diff(before: object, after: object): MergePatch | undefined {
  const patch: MergePatch = {};
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) define(patch, key, null);
  for (const [key, value] of Object.entries(after)) {
    const was = own(before as MergePatch, key);
    if (was === value) continue;
    if (isObject(was) && isObject(value)) {
      const inner = diff(was, value);
      if (inner) define(patch, key, inner);
    } else if (JSON.stringify(was) !== JSON.stringify(value)) define(patch, key, value);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

export function applyPatch<T extends object>(target: T, patch: MergePatch): T {
  const kept = Object.entries(target).filter(([key]) => own(patch, key) !== null);
  const result = Object.fromEntries(kept) as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) continue;
    const was = own(result, key);
    define(result, key, isObject(value) ? applyPatch(isObject(was) ? was : {}, value) : value);
  }
  return result as T;
}

/** What a patch can carry of a JSON value: everything but null members, which it would take for removed ones. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

/** Sets an own property, also when a hostile peer calls it `__proto__`. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isObject(value: unknown): value is MergePatch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
