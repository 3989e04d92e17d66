/** So many lines after one that matches are told with it. */
const maxLines = 20;

const tab = 0x09;
const newline = 0x0a;
const space = 0x20;
const causes = ["Caused by:", "... "].map((text) => Buffer.from(text));

/** Where the lines end that belong to the one before them, as those of a stack trace do: they are indented, or tell a cause. */
export function endOfContinuation(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let lines = 0; lines < maxLines && at < bytes.length && continues(bytes, at); lines++) {
    const end = bytes.indexOf(newline, at);
    at = end < 0 ? bytes.length : end + 1;
  }
  return at;
}

function continues(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  if (first === space || first === tab) return true;
  return causes.some((cause) => cause.every((byte, index) => bytes[at + index] === byte));
}
