import { Matcher } from "../../../platform/matcher.js";
import { startOf } from "./words.js";

/** It has no state but its place to work in. */
const matcher = new Matcher();

/**
 * Why a text does not match a pattern; nothing when it does. The text must be bounded by whoever asks. `^` and `$` are the
 * ends of a line.
 */
export function whyNoMatch(pattern: string, text: string): string | undefined {
  switch (matcher.find(new RegExp(pattern, "m"), [text])) {
    case 0:
      return undefined;
    case "too-slow":
      return `/${pattern}/ was given up: it took too much CPU time on ${startOf(text)}. Write it simpler`;
    default:
      return `${startOf(text)} does not match /${pattern}/`;
  }
}
