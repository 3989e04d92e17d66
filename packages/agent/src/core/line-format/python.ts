import { pairsIn } from "./key-values.js";
import { FieldList } from "./fields.js";
import { levelOf } from "./level.js";
import type { LineInfo } from "./line-info.js";
import { timeAtStart } from "./time.js";

const level = "DEBUG|INFO|WARNING|ERROR|CRITICAL";
/** `WARNING:root:message`, what basicConfig writes. */
const basic = new RegExp(String.raw`^(${level}):([\w.]{1,100}):(.*)$`, "s");
/** ` - name - WARNING - message` behind the time, what the manual recommends. */
const dashed = new RegExp(String.raw`^ - ([\w.]{1,100}) - (${level}) - (.*)$`, "s");
/** `] [42] [INFO] message` behind the time, as gunicorn has it. */
const bracketed = new RegExp(String.raw`^\] \[(\d{1,10})\] \[(${level})\] (.*)$`, "s");

/** The usual texts of Python's logging. */
export function readPython(text: string): LineInfo | undefined {
  const [, name, logger, said] = basic.exec(text) ?? [];
  if (name !== undefined) return infoOf(undefined, name, new FieldList().add("logger", logger), said);
  const isInBrackets = text.startsWith("[");
  const start = isInBrackets ? 1 : 0;
  const time = timeAtStart(text.slice(start));
  if (!time) return undefined;
  const [, its, word, message] = (isInBrackets ? bracketed : dashed).exec(text.slice(start + time.end)) ?? [];
  if (word === undefined) return undefined;
  const fields = isInBrackets ? new FieldList().add("pid", Number(its)) : new FieldList().add("logger", its);
  return infoOf(time.timeMs, word, fields, message);
}

function infoOf(timeMs: number | undefined, name: string, fields: FieldList, message = ""): LineInfo {
  const its = levelOf(name);
  return {
    format: "python",
    ...(timeMs === undefined ? {} : { timeMs }),
    ...(its === undefined ? {} : { level: its }),
    message,
    fields: pairsIn(message, "within", fields.add("level", name)).all,
  };
}
