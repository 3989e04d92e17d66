import { withoutAnsi } from "../ansi.js";
import { readAccess } from "./access.js";
import { readJson } from "./json.js";
import type { LineFormat, LineInfo, Read } from "./line-info.js";
import { readLogfmt, readSlog } from "./logfmt.js";
import { readNginx } from "./nginx.js";
import { readPlain } from "./plain.js";
import { readPython } from "./python.js";
import { readRedis } from "./redis.js";
import { readRust } from "./rust.js";
import { readSyslog } from "./syslog.js";
import { readUvicorn } from "./uvicorn.js";

/** What is looked at of a line; what comes behind it is neither a field nor part of the message. */
export const maxLookedAt = 16 * 1024;

/** JSON is understood as a whole or not at all, and a stack trace inside of it is long. */
const maxJson = 256 * 1024;

/** In the order in which they are tried: the strict ones first. */
const readers: Readonly<Record<LineFormat, Read>> = {
  json: readJson,
  env_logger: readRust,
  syslog: readSyslogWithin,
  access: readAccess,
  python: readPython,
  uvicorn: readUvicorn,
  redis: readRedis,
  nginx: readNginx,
  slog: readSlog,
  logfmt: readLogfmt,
  plain: readPlain,
};
const inOrder = Object.values(readers);
const withinSyslog = inOrder.filter((read) => read !== readSyslogWithin);

/** What a line says. A line that is not of the named format, like those of a stack trace, is plain. Never throws. */
export function understand(text: string, format: LineFormat | "auto" = "auto", nowMs = Date.now()): LineInfo {
  return new LineReader(format, () => nowMs).read(text);
}

/** Reads the lines of one source: the format that fitted the last one is tried first. */
export class LineReader {
  readonly #format: LineFormat | "auto";
  readonly #now: () => number;
  #last: Read = readJson;

  constructor(format: LineFormat | "auto", now: () => number) {
    this.#format = format;
    this.#now = now;
  }

  read(line: string): LineInfo {
    const text = lookedAt(withoutAnsi(line));
    const nowMs = this.#now();
    if (this.#format !== "auto") return asNamed(this.#format, text, nowMs) ?? readPlain(text);
    const again = this.#last(text, nowMs);
    if (again) return again;
    const { read, info } = firstThatFits(inOrder, text, nowMs) ?? { read: readPlain, info: readPlain(text) };
    if (read !== readPlain && read !== readLogfmt) this.#last = read; // These fit what others understand better.
    return info;
  }
}

function lookedAt(text: string): string {
  return text.length <= maxLookedAt || (text.startsWith("{") && text.length <= maxJson)
    ? text
    : text.slice(0, maxLookedAt);
}

function firstThatFits(
  reads: readonly Read[],
  text: string,
  nowMs: number,
): { read: Read; info: LineInfo } | undefined {
  for (const read of reads) {
    const info = read(text, nowMs);
    if (info) return { read, info };
  }
  return undefined;
}

/** Programs that write slog's text can be told to write JSON instead. */
function asNamed(format: LineFormat, text: string, nowMs: number): LineInfo | undefined {
  return readers[format](text, nowMs) ?? (format === "slog" ? readJson(text) : undefined);
}

/** What syslog carries is a line of its own, and knows more: its own time, its level, its fields. */
function readSyslogWithin(text: string, nowMs: number): LineInfo | undefined {
  const outer = readSyslog(text, nowMs);
  if (!outer) return undefined;
  const inner = firstThatFits(withinSyslog, outer.message ?? "", nowMs)?.info;
  return { ...outer, ...inner, format: "syslog", fields: { ...inner?.fields, ...outer.fields } };
}
