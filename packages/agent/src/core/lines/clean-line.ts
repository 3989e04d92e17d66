import { withoutAnsi } from "../ansi.js";

/**
 * The text of a line as one sees it: without the sequences that colour it or move the cursor, without the zeros that are read where
 * a hole is in a file, and without carriage returns at its end. Bytes that are no UTF-8 become U+FFFD.
 */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  return text.includes("\0") || text.includes("\r") || text.includes("\x1b") ? cleaned(text) : text;
}

/** The same of each line of some that end with a newline. */
export function textsOf(lines: Uint8Array): string[] {
  const texts: string[] = [];
  for (let start = 0; start < lines.length;) {
    const newline = lines.indexOf(0x0a, start);
    const end = newline < 0 ? lines.length : newline;
    texts.push(textOf(lines, start, end));
    start = end + 1;
  }
  return texts;
}

function cleaned(text: string): string {
  const plain = withoutAnsi(text.replaceAll("\0", ""));
  let end = plain.length;
  while (end > 0 && plain[end - 1] === "\r") end--;
  return plain.slice(0, end);
}
