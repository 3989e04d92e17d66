/** How the lines of a stack trace begin that are not indented. */
const beginnings = [
  "Traceback (",
  "Caused by:",
  "During handling of",
  "The above exception",
  "goroutine ",
  "stack backtrace:",
];

/** What Python's end with: `ValueError: no`. */
const thrown = /^[A-Za-z_][\w.]{0,100}(?:Error|Exception)(?::|$)/;

/** Does a line without a time and a level go on with the record before it, as the lines of a stack trace do? */
export function continues(text: string): boolean {
  return /^[\s})\]]/.test(text) || thrown.test(text) || beginnings.some((beginning) => text.startsWith(beginning));
}
