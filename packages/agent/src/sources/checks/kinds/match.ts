import { Pattern } from "../../../core/pattern/pattern.js";
import { startOf } from "./words.js";

/** As many patterns are kept as they were read; when there are more, all are read again. */
const maxKept = 1000;

const kept = new Map<string, Pattern>();

/**
 * Why a text does not match a pattern; nothing when it does. The text must be bounded by whoever asks. `^` and `$` are the
 * ends of a line.
 */
export function whyNoMatch(pattern: string, text: string): string | undefined {
  return read(pattern).test(text) ? undefined : `${startOf(text)} does not match /${pattern}/`;
}

function read(text: string): Pattern {
  const known = kept.get(text);
  if (known) return known;
  const pattern = Pattern.parse(text, { caseSensitive: true, multiline: true });
  if (kept.size === maxKept) kept.clear();
  kept.set(text, pattern);
  return pattern;
}
