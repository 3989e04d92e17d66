import type { Finding } from "./limits.js";

/** How a watch of one run stands. It is exceeded when it was beyond its limit for as long as it waits, without a break. */
export type Standing = { is: "within" } | { is: "beyond" | "exceeded"; sinceMs: number };

export const within: Standing = { is: "within" };

/** The standing after another finding. One measurement that is within ends it: what is back is back. */
export function wait(standing: Standing, found: Finding["is"], atMs: number, forMs: number): Standing {
  if (found === "unknown") return standing;
  if (found === "within") return within;
  const sinceMs = standing.is === "within" ? atMs : standing.sinceMs;
  return standing.is === "exceeded" || atMs - sinceMs >= forMs
    ? { is: "exceeded", sinceMs }
    : { is: "beyond", sinceMs };
}
