/**
 * A path as text. Names are bytes: one that is no UTF-8 is kept as the code unit U+DC00 and the byte, which no valid text has,
 * so that nothing is lost on the way back.
 */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? withEscapes(bytes) : text;
}

/** The bytes that a path stands for. */
export function bytesOf(path: string): Buffer {
  if (!escape.test(path)) return Buffer.from(path);
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part) => (escape.test(part) ? Buffer.of(part.charCodeAt(0) - escapeBase) : Buffer.from(part))),
  );
}

/** A path as `node:fs` wants it: as bytes only where it must be, which is slower. */
export function pathFor(path: string): string | Buffer {
  return escape.test(path) ? bytesOf(path) : path;
}

/** A path in one line, for people. */
export function shown(path: string): string {
  const text = path.replace(/[\udc80-\udcff]/gu, (unit) => `\\x${(unit.charCodeAt(0) - escapeBase).toString(16)}`);
  return text.replace(/[\x00-\x1f\x7f]/g, (control) => JSON.stringify(control).slice(1, -1));
}

const escapeBase = 0xdc00;
/** With `u` a pair of surrogates, which is a character, does not match. */
const escape = /[\udc80-\udcff]/u;

function withEscapes(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = characterAt(bytes, at);
    text += length === 0 ? String.fromCharCode(escapeBase + (bytes[at] ?? 0)) : bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** How many bytes the character has that begins here; 0 when none does. */
function characterAt(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    const part = bytes.subarray(at, at + length);
    if (Buffer.from(part.toString("utf8")).equals(part)) return length;
  }
  return 0;
}
