import type { Milliseconds } from "../values.js";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** A span in its largest whole unit, as both the configuration and Prometheus understand it: `5m`, `90s`, `1500ms`. */
export function durationInWords(ms: Milliseconds): string {
  const fitting = units.find(([, size]) => ms >= size && ms % size === 0);
  return fitting ? `${ms / fitting[1]}${fitting[0]}` : `${ms}ms`;
}
