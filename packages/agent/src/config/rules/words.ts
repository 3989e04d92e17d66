import { durationInWords } from "./duration-words.js";
import type { Comparison } from "./expr.js";
import type { Condition, Expr, Selector } from "./rules.js";

const comparisons: Record<Comparison, string> = {
  ">": "above",
  ">=": "at or above",
  "<": "below",
  "<=": "at or below",
  "==": "exactly",
  "!=": "other than",
};

/** What a rule without a summary says of itself: a template, like every summary. */
export function inWords(expr: Expr): string {
  if (expr.kind === "all" || expr.kind === "any")
    return expr.of.map(bareWords).join(expr.kind === "all" ? ", and " : ", or ");
  switch (expr.kind) {
    case "absent":
      return bareWords(expr);
    case "cadence":
      return `${bareWords(expr)}: {{ $value }} rises, where 0 is too late and more is too early`;
    default:
      return `${bareWords(expr)}: {{ $value }}`;
  }
}

function bareWords(condition: Condition): string {
  switch (condition.kind) {
    case "threshold": {
      const { aggregate } = condition;
      return `${aggregate === undefined ? "" : `${aggregate} of `}${metric(condition.of)} ${bound(condition)}`;
    }
    case "rate":
      return `${metric(condition.of)} per second over ${durationInWords(condition.windowMs)} ${bound(condition)}`;
    case "increase":
      return `increase of ${metric(condition.of)} in ${durationInWords(condition.windowMs)} ${bound(condition)}`;
    case "ratio": {
      const { of, to, windowMs } = condition;
      return `share of ${metric(of)} in ${metric(to)} over ${durationInWords(windowMs)} ${bound(condition)}`;
    }
    case "absent":
      return `${metric(condition.of)} is absent`;
    case "slope":
      return `change of ${metric(condition.of)} per second over ${durationInWords(condition.windowMs)} ${bound(condition)}`;
    case "quantile": {
      const { q, of, windowMs } = condition;
      return `quantile ${q} of ${metric(of)} over ${durationInWords(windowMs)} ${bound(condition)}`;
    }
    case "cadence": {
      const { of, everyMs, toleranceMs } = condition;
      return `${metric(of)} does not rise every ${durationInWords(everyMs)} ± ${durationInWords(toleranceMs)}`;
    }
    case "regression": {
      const { of, moreThan, direction } = condition;
      const share = Number((moreThan * 100).toPrecision(12));
      return `${metric(of)} more than ${share}% ${direction === "up" ? "above" : "below"} its baseline`;
    }
    default:
      return condition satisfies never;
  }
}

function bound({ op, value }: { op: Comparison; value: number }): string {
  return `${comparisons[op]} ${value}`;
}

function metric({ metric: name, labels }: Selector): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value.replaceAll(/[{}]/g, "")}`);
  return pairs.length === 0 ? name : `${name} of ${pairs.join(", ")}`;
}
