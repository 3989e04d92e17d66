import { FieldList } from "./fields.js";
import type { LineInfo } from "./line-info.js";
import { requestFields } from "./request.js";
import { timeAtStart } from "./time.js";

/** `"GET http://host/path HTTP/1.1" from 127.0.0.1:1234 - 200 12B in 1.2ms`, behind the time of Go's log. */
const chi = /^ "([^"]*)" from (\S+) - (\d{3}) (\d+)B in (\S+)$/;
/** ` - 18:23:20 | 200 | 1.2ms | 127.0.0.1 | GET "/path"`, behind `[GIN]` and the day. */
const gin =
  /^\[GIN\] (\d{4}\/\d\d\/\d\d) - (\d\d:\d\d:\d\d) \|\s{0,9}(\d{3}) \|\s{0,20}(\S+) \|\s{0,40}(\S+) \|\s{0,4}([A-Z]+)\s+"([^"]*)"/;

/** The access lines of chi and gin, two routers of Go. */
export function readGoAccess(text: string): LineInfo | undefined {
  return text.startsWith("[GIN]") ? readGin(text) : readChi(text);
}

function readChi(text: string): LineInfo | undefined {
  const time = timeAtStart(text);
  const [, request, remote, status, bytes, took] = (time && chi.exec(text.slice(time.end))) ?? [];
  if (!time || request === undefined) return undefined;
  const fields = new FieldList().add("remote", remote).addAll(requestFields(request).all);
  fields.add("status", Number(status)).add("bytes", Number(bytes)).add("took", took);
  return { format: "access", timeMs: time.timeMs, message: `${request} ${status}`, fields: fields.all };
}

function readGin(text: string): LineInfo | undefined {
  const [, day, hour, status, took, remote, method = "", path = ""] = gin.exec(text) ?? [];
  const time = day === undefined ? undefined : timeAtStart(`${day} ${hour}`);
  if (!time) return undefined;
  const fields = new FieldList().addAll({ remote, method, path, status: Number(status), took });
  return { format: "access", timeMs: time.timeMs, message: `${method} ${path} ${status}`, fields: fields.all };
}
