import { messageOf } from "@ostler/protocol";

/** How much of an answer a reason shows. */
const shownLength = 200;

/** The beginning of what somebody has answered, on one line and in quotes. */
export function startOf(text: string): string {
  const start = text.slice(0, shownLength).replace(/[\uD800-\uDBFF]$/, ""); // No half of a character.
  return `${JSON.stringify(start)}${start.length < text.length ? "…" : ""}`;
}

/** Why a connection failed, in one line. Where a name has several addresses, what each of them said. */
export function whyOf(failure: unknown): string {
  if (failure instanceof AggregateError && failure.errors.length > 0) return failure.errors.map(messageOf).join("; ");
  const { code, reason } = failure as { code?: unknown; reason?: unknown };
  // OpenSSL's own message is about its source.
  return String(code).startsWith("ERR_SSL_") && typeof reason === "string" ? reason : messageOf(failure);
}

const kibibyte = 1024;
const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size in the largest unit of which there is a whole one: `1.5 GiB`. */
export function bytesInWords(bytes: number): string {
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log(bytes || 1) / Math.log(kibibyte))));
  return `${Math.round((bytes / kibibyte ** power) * 10) / 10} ${byteUnits[power]}`;
}

const spanUnits: [unit: string, ms: number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** A time in the largest unit of which there are two: `90 min`, `3 d`. */
export function spanInWords(ms: number): string {
  const [unit, unitMs] = spanUnits.find(([, one]) => ms >= 2 * one) ?? ["ms", 1];
  return `${Math.floor(ms / unitMs)} ${unit}`;
}
