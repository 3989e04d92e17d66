import type { Labels } from "@ostler/protocol";

/** The last value of one series, and when it was measured, in milliseconds since 1970. */
export type Reading = { labels: Labels; value: number; atMs: number };

/**
 * What is known of a metric. Absent is neither zero nor well, and not the same as a source that does not answer:
 * of that nobody knows what it would say.
 */
export type Sight =
  { is: "seen"; readings: Reading[] } | { is: "absent"; reason: string } | { is: "unreachable"; reason: string };

/**
 * Looks at a metric as it is shown by /metrics: at every series of it that has these labels, and that is the service's own or
 * nobody's (the host's, the agent's).
 */
export type LookAt = (metric: string, service: string, labels?: Labels) => Sight;
