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
