/** Sequences of ECMA-48 that begin with escape: colours and movements, texts for the terminal, and single ones. */
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;

/** A text without what is meant for a terminal alone. */
export function withoutAnsi(text: string): string {
  return text.includes("\u001b") ? text.replace(sequences, "") : text;
}
