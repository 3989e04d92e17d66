import type { SettingChange, SettingEffect } from "@ostler/protocol";
import { nearest, schemasTo, type Key } from "./schema-walk.js";
import { configSchema, type Config } from "./schema.js";

/** What a reload from `before` to `after` would touch, setting by setting. Compared by value, so no setting can be forgotten. */
export function planChanges(before: Config, after: Config): SettingChange[] {
  return differences(before, after, []).map(({ path, change }) => ({
    path: path.join("."),
    change,
    effect: effectOf(path),
  }));
}

/** A setting that nobody gave an effect is read when it is used. */
export function effectOf(path: readonly Key[]): SettingEffect {
  return nearest(schemasTo(configSchema, path), "effect") ?? "live";
}

type Difference = { path: Key[]; change: SettingChange["change"] };

/** The deepest places where the two differ; an added or removed branch is one place. */
function differences(before: unknown, after: unknown, path: Key[]): Difference[] {
  if (Object.is(before, after)) return [];
  if (before === undefined) return [{ path, change: "added" }];
  if (after === undefined) return [{ path, change: "removed" }];
  const sameShape = Array.isArray(before)
    ? Array.isArray(after) && before.length === after.length
    : !Array.isArray(after);
  if (!isBranch(before) || !isBranch(after) || !sameShape) return [{ path, change: "changed" }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
