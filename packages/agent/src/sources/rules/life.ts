import type { ServiceState } from "@ostler/protocol";

/**
 * How a service lives, as far as its rules are concerned. One that rests was stopped, isolated, or has completed what it was
 * for: nobody wants to hear of its numbers. One that is down should run: its alerts stay, and what can be seen is judged.
 */
export type Life = "runs" | "down" | "rests";

export function lifeOf({ processes, isolation }: ServiceState): Life {
  const phases = Object.values(processes).map(({ phase }) => phase.name);
  if (phases.some((name) => name === "running" || name === "stopping")) return "runs";
  const isOver = phases.every((name) => name === "stopped" || name === "completed");
  return isolation !== undefined || isOver ? "rests" : "down";
}

/** When the youngest run began, in milliseconds since 1970; -Infinity when nothing runs. */
export function youngestRunMs({ processes }: ServiceState): number {
  return Object.values(processes).reduce(
    (youngest, { phase }) => (phase.name === "running" ? Math.max(youngest, Date.parse(phase.since)) : youngest),
    -Infinity,
  );
}
