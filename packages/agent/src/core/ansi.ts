/**
 * What a terminal takes for itself: a CSI sequence; a string for the terminal with its end; any other escape sequence; an escape without
 * one. Each alternative ends at the next escape at the latest, so this is linear.
 */
const sequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])?/g;

/** A text without what is meant for a terminal alone. */
export function withoutAnsi(text: string): string {
  return text.includes("\x1b") ? text.replace(sequences, "") : text;
}
