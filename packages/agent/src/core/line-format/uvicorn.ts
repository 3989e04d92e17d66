import { FieldList } from "./fields.js";
import { levelOf } from "./level.js";
import type { Fields, LineInfo } from "./line-info.js";
import { requestFields } from "./request.js";

/** `INFO:     Started server process [42]`. */
const line = /^([A-Z]{4,8}): {2,9}(\S.*)$/s;
/** `127.0.0.1:45832 - "GET /path HTTP/1.1" 403`, and behind it the words for it. */
const access = /^(\S+) - "([^"]*)" (\d{3})(?: [A-Za-z' -]*)?$/;

/** The text of uvicorn. */
export function readUvicorn(text: string): LineInfo | undefined {
  const [, name, message] = line.exec(text) ?? [];
  const level = levelOf(name);
  if (level === undefined || message === undefined) return undefined;
  return { format: "uvicorn", level, message, fields: { level: name ?? "", ...accessFieldsIn(message) } };
}

/** The fields of an access line as uvicorn words it, whatever it is wrapped in. */
export function accessFieldsIn(message: string): Fields | undefined {
  const [, remote, request, status] = access.exec(message) ?? [];
  if (request === undefined) return undefined;
  const fields = new FieldList().add("remote", remote).addAll(requestFields(request).all);
  return fields.add("status", Number(status)).all;
}
