import type { Level, LineInfo } from "./line-info.js";
import { momentOf, monthOf, msOf } from "./time.js";

/** `123:M 20 Nov 2026 18:23:20.642 * Ready to accept connections`. */
const line = /^(\d{1,10}):([A-Z]) (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)\.(\d{3}) ([.*#-]) (.*)$/s;

const levels: Readonly<Record<string, Level>> = { ".": "debug", "-": "debug", "*": "info", "#": "warning" };

/** What Redis logs; the letter is the role of the process: master, slave, child, sentinel. */
export function readRedis(text: string): LineInfo | undefined {
  const [, pid, role = "", day, month, year, hour, minute, second, fraction, sign = "", message] =
    line.exec(text) ?? [];
  if (message === undefined) return undefined;
  const parts = [Number(year), monthOf(month), ...[day, hour, minute, second].map(Number)];
  const timeMs = momentOf(parts, msOf(fraction), undefined);
  const level = levels[sign];
  if (timeMs === undefined || level === undefined) return undefined;
  return { format: "redis", timeMs, level, message, fields: { pid: Number(pid), role } };
}
