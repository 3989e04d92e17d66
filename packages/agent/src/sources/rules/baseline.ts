import type { RuleState } from "@ostler/protocol";
import type { Rule, Selector } from "../../config/rules/rules.js";

/** What a baseline is a value of: a selector, whose labels stand in the order of their names. */
export function selectorInWords({ metric, labels }: Selector): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return pairs.length === 0 ? metric : `${metric}{${pairs.join()}}`;
}

/** A baseline is of use as long as the rule measures the same. */
export function isOf(baseline: NonNullable<RuleState["baseline"]>, { expr }: Rule): boolean {
  return expr.kind === "regression" && (baseline.of === undefined || baseline.of === selectorInWords(expr.of));
}
