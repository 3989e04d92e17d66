import { messageOf, OstlerError } from "@ostler/protocol";
import { Pattern } from "../../core/pattern/pattern.js";
import { pattern } from "../../config/pattern.js";

/** Finds a regular expression in a text. @throws OstlerError `bad-request` for what is none */
export function grepOf(text: string, ignoreCase: boolean): (line: string) => boolean {
  const parsed = pattern.safeParse(text);
  if (!parsed.success) {
    const { message } = parsed.error.issues[0] ?? { message: messageOf(parsed.error) };
    throw new OstlerError("bad-request", `grep: ${JSON.stringify(text.slice(0, 100))} ${message}`);
  }
  const wanted = Pattern.parse(parsed.data, { caseSensitive: !ignoreCase });
  return (line) => wanted.test(line);
}
