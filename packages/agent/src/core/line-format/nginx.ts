import { FieldList } from "./fields.js";
import { levelOf } from "./level.js";
import type { LineInfo } from "./line-info.js";
import { requestFields } from "./request.js";
import { timeAtStart } from "./time.js";

/** ` [error] 42#43: *7 message` behind the time. */
const head = /^ \[([a-z]{4,6})\] (\d{1,10})#(\d{1,10}): (?:\*(\d{1,20}) )?/;
/** What nginx adds to a message about a request. */
const about = ["client", "server", "upstream", "host", "referrer"];

/** The error log of nginx. */
export function readNginx(text: string): LineInfo | undefined {
  const time = timeAtStart(text);
  const [whole, name, pid, tid, connection] = (time && head.exec(text.slice(time.end))) ?? [];
  const level = levelOf(name);
  if (!time || whole === undefined || level === undefined) return undefined;
  const message = text.slice(time.end + whole.length);
  const fields = new FieldList().addAll({ level: name, pid: Number(pid), tid: Number(tid) });
  if (connection !== undefined) fields.add("connection", Number(connection));
  for (const key of about) fields.add(key, after(message, key));
  const request = after(message, "request");
  if (request !== undefined) fields.addAll(requestFields(request).all);
  return { format: "nginx", timeMs: time.timeMs, level, message, fields: fields.all };
}

/** What stands behind `, key: `, with or without quotes. */
function after(message: string, key: string): string | undefined {
  const at = message.indexOf(`, ${key}: `);
  if (at < 0) return undefined;
  const start = at + key.length + 4;
  if (message[start] !== '"') return message.slice(start, endOf(message, ",", start));
  return message.slice(start + 1, endOf(message, '"', start + 1));
}

function endOf(message: string, mark: string, from: number): number {
  const at = message.indexOf(mark, from);
  return at < 0 ? message.length : at;
}
