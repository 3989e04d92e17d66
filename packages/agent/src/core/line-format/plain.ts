import { pairsIn } from "./key-values.js";
import { levelOf } from "./level.js";
import type { Level, LineInfo } from "./line-info.js";
import { timeAtStart } from "./time.js";

/** A level before the message, in brackets, with a colon, or in capitals: `[warn] `, `Error: `, `INFO `. */
const levelWord = /^[\s|-]{0,4}(?:\[([A-Za-z]{1,9})\]:?|([A-Za-z]{3,9}):|([A-Z]{4,9}))(?=\s|$)[ \t|-]{0,4}/;

/** Any line: a time and a level where it begins with them, and the pairs that stand in it. */
export function readPlain(text: string): LineInfo {
  const isInBrackets = text.startsWith("[");
  const time = timeAtStart(isInBrackets ? text.slice(1) : text);
  const isClosed = !isInBrackets || (time && text[time.end + 1] === "]");
  const end = time && isClosed ? time.end + (isInBrackets ? 2 : 0) : 0;
  const rest = text.slice(end);
  const found = leadingLevel(rest);
  const message = rest.slice(found?.end ?? 0).trim();
  return {
    format: "plain",
    ...(time && isClosed ? { timeMs: time.timeMs } : {}),
    ...(found ? { level: found.level } : {}),
    message,
    fields: pairsIn(message, "within").all,
  };
}

function leadingLevel(text: string): { level: Level; end: number } | undefined {
  const [whole, inBrackets, withColon, inCapitals] = levelWord.exec(text) ?? [];
  const level = levelOf(inBrackets ?? withColon ?? inCapitals);
  return whole === undefined || level === undefined ? undefined : { level, end: whole.length };
}
