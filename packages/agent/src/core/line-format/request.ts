import { FieldList } from "./fields.js";

/** The fields of a request as access lines quote it: `GET /path HTTP/1.1`. What is none, as of a broken client, has only its text. */
export function requestFields(request: string): FieldList {
  const fields = new FieldList();
  const [method = "", path, protocol, ...rest] = request.split(" ");
  const isOne = /^[A-Z]{3,16}$/.test(method) && path !== undefined && rest.length === 0;
  if (!isOne) return fields.add("request", request);
  return fields.add("method", method).add("path", path).add("protocol", protocol);
}
