import { beginsWithPair, pairsIn } from "./key-values.js";
import { levelOf } from "./level.js";
import type { LineInfo } from "./line-info.js";
import { timeOf } from "./time.js";

/** A line of nothing but `key=value`; what begins with `time=` and has a level is slog's text. */
export function readLogfmt(text: string): LineInfo | undefined {
  if (!beginsWithPair(text)) return undefined;
  const fields = pairsIn(text, "pure");
  const timeMs = timeOf(fields.first(["time", "ts", "timestamp", "t"]));
  const level = levelOf(fields.first(["level", "lvl", "severity", "levelname"]));
  const message = fields.first(["msg", "message"]);
  return {
    format: text.startsWith("time=") && level !== undefined ? "slog" : "logfmt",
    ...(timeMs === undefined ? {} : { timeMs }),
    ...(level === undefined ? {} : { level }),
    ...(message === undefined ? {} : { message: String(message) }),
    fields: fields.all,
  };
}

/** The text of Go's slog; its JSON is JSON like any other. */
export function readSlog(text: string): LineInfo | undefined {
  const info = readLogfmt(text);
  return info?.format === "slog" ? info : undefined;
}
