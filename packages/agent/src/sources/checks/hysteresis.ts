import type { CheckState } from "@ostler/protocol";
import type { Verdict } from "./verdict.js";

/** A check's standing, and how many verdicts in a row are behind it: failed, not failed, without a warning, not without. */
export type Standing = { status: CheckState["status"]; failed: number; ok: number; clean: number; unwell: number };

export type Thresholds = { failures: number; successes: number };

export const unknown: Standing = { status: "pending", failed: 0, ok: 0, clean: 0, unwell: 0 };

/**
 * The standing after one more verdict: it changes only when enough verdicts in a row say so. To the worse `failures` decides,
 * to the better `successes`; what is ok with a warning is better than failed, and worse than passed. What is undecided changes nothing.
 */
export function judge(standing: Standing, verdict: Verdict, { failures, successes }: Thresholds): Standing {
  if (!verdict.ok && verdict.undecided) return standing;
  const isClean = verdict.ok && verdict.warning === undefined;
  const rows = {
    failed: verdict.ok ? 0 : standing.failed + 1,
    ok: verdict.ok ? standing.ok + 1 : 0,
    clean: isClean ? standing.clean + 1 : 0,
    unwell: isClean ? 0 : standing.unwell + 1,
  };
  const { status } = standing;
  if (!verdict.ok) return { ...rows, status: rows.failed >= failures ? "failed" : status };
  if (status === "pending" || status === "failed")
    return { ...rows, status: rows.ok < successes ? status : isClean ? "passed" : "warned" };
  const changes = isClean ? rows.clean >= successes : rows.unwell >= failures;
  return { ...rows, status: changes ? (isClean ? "passed" : "warned") : status };
}
