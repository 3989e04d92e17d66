import type { Verdict } from "./verdict.js";

/** A check's standing. `row` counts equal verdicts since the last different one. */
export type Standing = { status: "pending" | "passed" | "failed"; row: number; lastOk: boolean | undefined };

export type Thresholds = { failures: number; successes: number };

export const unknown: Standing = { status: "pending", row: 0, lastOk: undefined };

/** The standing after one more verdict: it changes only when enough verdicts in a row say so, both ways. */
export function judge(standing: Standing, { ok }: Verdict, { failures, successes }: Thresholds): Standing {
  const row = standing.lastOk === ok ? standing.row + 1 : 1;
  const enough = row >= (ok ? successes : failures);
  return { status: enough ? (ok ? "passed" : "failed") : standing.status, row, lastOk: ok };
}
