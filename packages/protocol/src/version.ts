/** The WebSocket subprotocol both sides speak. */
export const subprotocol = "ostler.v1+json";

/** A read-only tap: one CloudEvent a message, nothing else. */
export const tapSubprotocol = "cloudevents.json";

/** Protocol versions this code speaks, newest first. */
export const protocolVersions = [1] as const;

/** The newest version both sides speak, or nothing. */
export function commonVersion(
  offered: readonly number[],
  supported: readonly number[] = protocolVersions,
): number | undefined {
  return offered.filter((version) => supported.includes(version)).sort((a, b) => b - a)[0];
}
