import { typePrefix } from "./envelope.js";

/** Does `name` match `glob`, where `*` stands for any run of characters? `service.*` matches `service.start`. */
export function matchesGlob(glob: string, name: string): boolean {
  const parts = glob.split("*");
  const first = parts.shift() ?? "";
  const last = parts.pop();
  if (last === undefined) return name === glob;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

/** Does the type of an envelope match any of the globs? A glob may leave out `ostler.`. No globs match everything. */
export function matchesTopic(globs: readonly string[], type: string): boolean {
  return globs.length === 0 || globs.some((glob) => matchesGlob(glob, type) || matchesGlob(glob, bare(type)));
}

function bare(type: string): string {
  return type.startsWith(typePrefix) ? type.slice(typePrefix.length) : type;
}
