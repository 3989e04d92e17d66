import type { LogLine } from "@ostler/protocol";
import { paint } from "./output.js";

/** How lines are shown: of all services with the name of each, with their time, as they were written for a terminal. */
export type LogStyle = { isOfAll: boolean; hasTime: boolean; isRaw: boolean };

/** A line for people: who wrote it, and what. */
export function logLine(line: LogLine, { isOfAll, hasTime, isRaw }: LogStyle): string {
  const { service, process, source = process ?? "", stream, level, time, text, clipped } = line;
  const isGrave = level === "error" || level === "critical";
  const colour = isGrave ? "red" : stream === "stderr" || level === "warning" ? "yellow" : "grey";
  const name = paint(colour, isOfAll ? `${service}/${source}` : source);
  return `${hasTime ? `${time} ` : ""}${name} ${isRaw ? text : shown(text)}${clipped ? " …" : ""}`;
}

/** What else could move the cursor or change the terminal of whoever looks, but for tabs. */
function shown(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, "\ufffd");
}
