import { readGoAccess } from "./go-access.js";
import { FieldList } from "./fields.js";
import type { LineInfo } from "./line-info.js";
import { requestFields } from "./request.js";
import { accessTimeAtStart } from "./time.js";

/** What stands before the time: a virtual host, perhaps, the client, its identity and its user. */
const maxWordsBefore = 4;

/**
 * The common and the combined access log of web servers, and what Go's chi and gin write. The status is a field and no
 * level: an answer of 500 is no fault of whoever wrote the line.
 */
export function readAccess(text: string): LineInfo | undefined {
  return readCommon(text) ?? readGoAccess(text);
}

function readCommon(text: string): LineInfo | undefined {
  const open = text.indexOf(" [");
  const before = open < 0 ? [] : text.slice(0, open).split(" ", maxWordsBefore + 1);
  if (before.length < 3 || before.length > maxWordsBefore) return undefined;
  const time = accessTimeAtStart(text.slice(open + 2));
  if (!time) return undefined;
  const rest = text.slice(open + 2 + time.end);
  const [whole, quoted = "", status, bytes] = /^\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)/.exec(rest) ?? [];
  if (whole === undefined) return undefined;
  const [remote = "", , user] = before.slice(-3);
  const fields = new FieldList().add("remote", remote);
  if (before.length === maxWordsBefore) fields.add("vhost", before[0]);
  if (user !== "-") fields.add("user", user);
  fields.addAll(requestFields(quoted).all).add("status", Number(status));
  fields.add("bytes", bytes === "-" ? 0 : Number(bytes));
  const [, referer, agent] = /^ "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"/.exec(rest.slice(whole.length)) ?? [];
  if (referer !== "-") fields.add("referer", referer);
  if (agent !== "-") fields.add("agent", agent);
  return { format: "access", timeMs: time.timeMs, message: `${quoted} ${status}`, fields: fields.all };
}
