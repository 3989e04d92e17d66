import { accessFieldsIn } from "./uvicorn.js";
import { FieldList } from "./fields.js";
import { levelOf } from "./level.js";
import type { LineInfo } from "./line-info.js";
import { timeOf } from "./time.js";

/** The names that loggers use, in order of preference. */
const timeKeys = ["time", "timestamp", "@timestamp", "ts", "asctime", "datetime", "date", "t", "@t", "eventTime"];
const levelKeys = ["level", "levelname", "severity", "lvl", "log.level", "log_level", "loglevel", "@l", "PRIORITY"];
const messageKeys = ["message", "msg", "@message", "@m", "MESSAGE", "short_message", "text", "fields.message", "event"];

/** What lies deeper in an object is left out. */
const maxDepth = 5;

/** An object on a line of its own, as slog, pino, zap, Python and tracing write it. */
export function readJson(text: string): LineInfo | undefined {
  const object = text.trimStart().startsWith("{") ? objectIn(text) : undefined;
  if (!object) return undefined;
  const fields = new FieldList();
  flatten(object, "", maxDepth, fields);
  const message = fields.first(messageKeys);
  const info: LineInfo = { format: "json", fields: {} };
  const timeMs = firstOf(fields, timeKeys, timeOf);
  if (timeMs !== undefined) info.timeMs = timeMs;
  const level = firstOf(fields, levelKeys, levelOf);
  if (level !== undefined) info.level = level;
  if (message !== undefined) info.message = String(message);
  if (typeof message === "string") fields.addAll(accessFieldsIn(message) ?? {});
  return { ...info, fields: fields.all };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // It only looked like an object.
  }
}

function flatten(value: unknown, path: string, depth: number, fields: FieldList): void {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") fields.add(path, value);
  if (typeof value !== "object" || value === null || depth === 0) return;
  for (const [name, inner] of Object.entries(value)) {
    if (fields.isFull) return;
    flatten(inner, path === "" ? name : `${path}.${name}`, depth - 1, fields);
  }
}

/** What the first of these fields means that means anything. */
function firstOf<T>(
  fields: FieldList,
  names: readonly string[],
  read: (value: unknown) => T | undefined,
): T | undefined {
  for (const name of names) {
    const value = read(fields.get(name));
    if (value !== undefined) return value;
  }
  return undefined;
}
