import { FieldList } from "./fields.js";
import { levelOfSeverity } from "./level.js";
import type { LineInfo } from "./line-info.js";
import { pairsIn } from "./key-values.js";
import { timeAtStart, yearlessTimeAtStart, type TimeAt } from "./time.js";

/** The priorities of RFC 5424 end here; each facility has eight severities. */
const maxPriority = 191;
const severities = 8;

/** ` host app[42]: message`, what RFC 3164, rsyslog and the short form of the journal have behind the time. */
const tag = /^ (\S{1,255}) ([^\s:[\]]{1,128})(?:\[(\d{1,10})\])?: ?/;
/** ` host app pid id ` of RFC 5424 behind the time. */
const header = /^ (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) /;

/** Lines of syslog as RFC 5424 and RFC 3164 have them, with their priority or without, and the short form of systemd's journal. */
export function readSyslog(text: string, nowMs: number): LineInfo | undefined {
  const [before = "", digits, version] = /^<(\d{1,3})>(1 )?/.exec(text) ?? [];
  const priority = digits === undefined ? undefined : Number(digits);
  if (priority !== undefined && priority > maxPriority) return undefined;
  const rest = text.slice(before.length);
  const yearless = version === undefined ? yearlessTimeAtStart(rest, nowMs) : undefined;
  const time = yearless ?? timeAtStart(rest);
  const hasNoTime = version !== undefined && rest.startsWith("- ");
  if (!time && !hasNoTime) return undefined;
  const from = rest.slice(time?.end ?? 1);
  const said = version === undefined ? readTagged(from) : readStructured(from);
  if (!said || (priority === undefined && !yearless && !isSure(said))) return undefined;
  return infoOf(said, time, priority);
}

/** Many lines begin with a time and words with a colon; syslog's have a process, but for those of the kernel. */
function isSure({ fields }: Said): boolean {
  return fields.get("pid") !== undefined || fields.get("app") === "kernel";
}

type Said = { fields: FieldList; message: string };

function readTagged(text: string): Said | undefined {
  const [whole, host, app, pid] = tag.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const fields = new FieldList().add("host", host).add("app", app);
  if (pid !== undefined) fields.add("pid", Number(pid));
  return { fields, message: text.slice(whole.length) };
}

function readStructured(text: string): Said | undefined {
  const [whole, host, app, pid, id] = header.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const fields = new FieldList();
  for (const [name, value] of Object.entries({ host, app, pid, msgid: id })) if (value !== "-") fields.add(name, value);
  const rest = text.slice(whole.length);
  if (rest.startsWith("-")) return { fields, message: withoutMark(rest.slice(2)) };
  let at = 0;
  while (rest[at] === "[") {
    const end = endOfElement(rest, at);
    const space = rest.indexOf(" ", at);
    if (space > 0 && space < end) addElement(rest.slice(at + 1, space), rest.slice(space + 1, end - 1), fields);
    at = end;
  }
  return { fields, message: withoutMark(rest.slice(at + 1)) };
}

/** Each parameter is a field behind the name of its element. */
function addElement(name: string, parameters: string, fields: FieldList): void {
  for (const [key, value] of Object.entries(pairsIn(parameters, "pure").all)) fields.add(`${name}.${key}`, value);
}

/** Behind the bracket that closes an element; one in quotes does not. */
function endOfElement(text: string, open: number): number {
  let isQuoted = false;
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === "]" && !isQuoted) return at + 1;
  }
  return text.length;
}

/** A message of UTF-8 may begin with the mark for it. */
function withoutMark(message: string): string {
  return message.startsWith("\ufeff") ? message.slice(1) : message;
}

function infoOf({ fields, message }: Said, time: TimeAt | undefined, priority: number | undefined): LineInfo {
  const level = priority === undefined ? undefined : levelOfSeverity(priority % severities);
  if (priority !== undefined) fields.add("facility", Math.floor(priority / severities));
  return {
    format: "syslog",
    ...(time ? { timeMs: time.timeMs } : {}),
    ...(level === undefined ? {} : { level }),
    message,
    fields: fields.all,
  };
}
