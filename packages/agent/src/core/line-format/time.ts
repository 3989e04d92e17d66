/** A time at the beginning of a text, and where the text goes on. */
export type TimeAt = { timeMs: number; end: number };

const zone = String.raw`(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d)(?![\w:]))?`;
const isoTime = new RegExp(String.raw`^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?${zone}`);
/** As Go's log and nginx write it. */
const slashTime = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?/;
/** As web servers write it: `20/Nov/2026:18:23:20 +0000`. */
const accessTime = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})/;
/** As syslog has it, without a year: `Nov 20 18:23:20`. */
const yearlessTime = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?/;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Clocks differ, and so do zones: what is so little ahead is not of the year before. */
const aheadMs = 24 * 3600 * 1000;

/** A leap day is found within this many years. */
const maxYearsBack = 8;

/** Beyond these, a number counts milliseconds, microseconds or nanoseconds: seconds would be of a far future. */
const maxSeconds = 1e11;
const perUnit = 1000;

/** `2026-11-20T18:23:20.642Z`, `2026-11-20 18:23:20,642`, `2026/11/20 18:23:20`. */
export function timeAtStart(text: string): TimeAt | undefined {
  const found = isoTime.exec(text) ?? slashTime.exec(text);
  if (!found) return undefined;
  const [whole, year, month, day, hour, minute, second, fraction, offset] = found;
  const timeMs = momentOf([year, month, day, hour, minute, second].map(Number), msOf(fraction), offset);
  return timeMs === undefined ? undefined : { timeMs, end: whole.length };
}

export function accessTimeAtStart(text: string): TimeAt | undefined {
  const [whole, day, month, year, hour, minute, second, offset] = accessTime.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const timeMs = momentOf([Number(year), monthOf(month), ...[day, hour, minute, second].map(Number)], 0, offset);
  return timeMs === undefined ? undefined : { timeMs, end: whole.length };
}

/** Of the latest year in which it is not in the future. */
export function yearlessTimeAtStart(text: string, nowMs: number): TimeAt | undefined {
  const [whole, month, day, hour, minute, second, fraction] = yearlessTime.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const thisYear = new Date(nowMs + aheadMs).getFullYear();
  for (let year = thisYear; year > thisYear - maxYearsBack; year--) {
    const parts = [year, monthOf(month), ...[day, hour, minute, second].map(Number)];
    const timeMs = momentOf(parts, msOf(fraction), undefined);
    if (timeMs !== undefined && timeMs <= nowMs + aheadMs) return { timeMs, end: whole.length };
  }
  return undefined;
}

/** The time that a field holds: a text, or a number of seconds, milliseconds, microseconds or nanoseconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return timeOfNumber(value);
  if (typeof value !== "string") return undefined;
  if (/^\d{9,19}(\.\d{1,9})?$/.test(value)) return timeOfNumber(Number(value));
  return timeAtStart(value)?.timeMs;
}

export function monthOf(name: string | undefined): number {
  return months.indexOf(name ?? "") + 1;
}

/** A moment from year, month, day, hour, minute and second; without an offset they are those of this host. Nothing when there is no such day. */
export function momentOf(parts: readonly number[], ms: number, offset: string | undefined): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return undefined;
  if (offset === undefined) return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - offsetMs(offset);
}

/** Milliseconds of the digits behind a point; what is finer is left out. */
export function msOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
}

function offsetMs(offset: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(offset) ?? [];
  if (sign === undefined) return 0; // Z, UTC or GMT.
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function timeOfNumber(number: number): number | undefined {
  if (!Number.isFinite(number) || number <= 0) return undefined;
  let ms = number * perUnit;
  for (let most = maxSeconds * perUnit; ms > most;) ms /= perUnit;
  return Math.round(ms);
}
