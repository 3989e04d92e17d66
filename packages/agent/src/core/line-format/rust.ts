import { pairsIn } from "./key-values.js";
import { FieldList } from "./fields.js";
import { levelOf } from "./level.js";
import type { LineInfo } from "./line-info.js";
import { timeAtStart } from "./time.js";

const level = /^ {0,2}(TRACE|DEBUG|INFO|WARN|ERROR) {1,3}/;

/** env_logger's `[2025-11-14T12:00:00Z INFO  p2p] message`, and what tracing writes: the same without brackets, `p2p: message`. */
export function readRust(text: string): LineInfo | undefined {
  return text.startsWith("[") ? readEnvLogger(text) : readTracing(text);
}

function readEnvLogger(text: string): LineInfo | undefined {
  const time = timeAtStart(text.slice(1));
  const start = 1 + (time?.end ?? 0);
  const [whole, name] = level.exec(text.slice(start)) ?? [];
  const close = text.indexOf("]", start);
  if (whole === undefined || close < 0) return undefined;
  const target = text.slice(start + whole.length, close);
  return infoOf({ time: time?.timeMs, name, target, message: text.slice(close + 1).trimStart() });
}

function readTracing(text: string): LineInfo | undefined {
  const time = timeAtStart(text);
  if (!time) return undefined;
  const [whole, name] = level.exec(text.slice(time.end)) ?? [];
  if (whole === undefined) return undefined;
  const rest = text.slice(time.end + whole.length);
  const [before, target] = /^([\w:]+): /.exec(rest) ?? ["", ""];
  return infoOf({ time: time.timeMs, name, target, message: rest.slice(before.length) });
}

type Parts = { time: number | undefined; name: string | undefined; target: string | undefined; message: string };

function infoOf({ time, name = "", target = "", message }: Parts): LineInfo {
  const fields = new FieldList().add("level", name);
  if (target !== "") fields.add("target", target);
  const its = levelOf(name);
  return {
    format: "env_logger",
    ...(time === undefined ? {} : { timeMs: time }),
    ...(its === undefined ? {} : { level: its }),
    message,
    fields: pairsIn(message, "within", fields).all,
  };
}
