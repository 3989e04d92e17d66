/**
 * A glob of ours as a pattern of restic, which are those of Go's path/filepath: there a set that is not begins with `^`, and a backslash
 * quotes. The rest means the same in both.
 */
export function resticPattern(glob: string): string {
  return glob
    .replace(/(?<=.)\/+$/, "")
    .split(/(\[!?[^\]]+\])/)
    .map((part, at) => (at % 2 === 0 ? part.replace(/[\\[]/g, "\\$&") : setOf(part)))
    .join("");
}

function setOf(part: string): string {
  const not = part.startsWith("[!");
  const inside = part.slice(not ? 2 : 1, -1).replace(/[\\^[]/g, "\\$&");
  return `[${not ? "^" : ""}${inside}]`;
}
