import { shown } from "../core/shown-url.js";
import { nearest, schemasTo, type Key } from "./schema-walk.js";
import { configSchema } from "./schema.js";
import type { Loaded } from "./load.js";

const censor = "[redacted]";

/** Names whose values are secrets wherever people choose the names: environment variables and HTTP headers. */
const telling = /secret|token|passw|credential|private|api[-_]?key|auth|cookie|_key$|_dsn$/i;

/** The configuration as it may be shown: secret settings, telling names, known secret values and who
 * asks by a URL are hidden. */
export function redacted({ config, secrets }: Pick<Loaded, "config" | "secrets">): unknown {
  return redact(config, [], secrets);
}

function redact(value: unknown, path: Key[], secrets: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item, at) => redact(item, [...path, at], secrets));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, redact(inner, [...path, key], secrets)]),
    );
  if (typeof value !== "string") return value;
  const secrecy = nearest(schemasTo(configSchema, path), "secret");
  if (secrecy === true || (secrecy === "by-name" && telling.test(String(path.at(-1))))) return censor;
  return shown(scrub(value, secrets));
}

/** A text without the known secret values; the longest first, for one may contain another. */
export function scrub(text: string, secrets: readonly string[]): string {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, secret) => clean.replaceAll(secret, censor), text);
}

/** A JSON value without the known secret values in its texts. */
export function scrubbed(value: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0) return value;
  if (typeof value === "string") return scrub(value, secrets);
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrubbed(inner, secrets)]));
}
