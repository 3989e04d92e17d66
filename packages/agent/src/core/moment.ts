import { parseDuration } from "@ostler/protocol";
import { timeAtStart } from "./line-format/time.js";

/** How moments are written, for messages about those that are not. */
export const momentsAre = "1h, today, yesterday, 2026-11-21, 2026-11-21T10:00 or 2026-11-21T10:00:00Z";

/**
 * The moment that a person names: so long ago, the beginning of a day, or a time, which is one of this host when it has no
 * zone. Milliseconds since 1970; nothing for what is none.
 */
export function momentOf(text: string, nowMs: number): number | undefined {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const now = new Date(nowMs);
  if (text === "now") return nowMs;
  if (text === "today") return dayBefore(now, 0);
  if (text === "yesterday") return dayBefore(now, 1);
  const [, day, minute, rest = ""] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(.*))?$/.exec(text) ?? [];
  if (day === undefined) return undefined;
  const seconds = /^:\d\d/.test(rest) ? rest : `:00${rest}`;
  const whole = `${day}T${minute ?? "00:00"}${seconds}`;
  const found = timeAtStart(whole);
  return found?.end === whole.length ? found.timeMs : undefined;
}

/** Days may have 23 hours, and 25. */
function dayBefore(now: Date, days: number): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime();
}
