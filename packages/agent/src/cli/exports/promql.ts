import type { Aggregate, Comparison } from "../../config/rules/expr.js";
import { durationInWords } from "../../config/rules/duration-words.js";
import { valuedFirst, type Condition, type Rule, type Selector } from "../../config/rules/rules.js";

/** Of several agents each is looked at by itself, as it looks at itself. */
const perAgent = "by (job, instance)";

/** A rule in the language of Prometheus: it means what the agent evaluates. */
export function promqlOf(service: string, { name, expr }: Rule): string {
  const of = (condition: Condition): string => conditionOf({ service, rule: name }, condition);
  switch (expr.kind) {
    case "all":
      return combined("and", valuedFirst(expr.of), of);
    case "any":
      return combined("or", valuedFirst(expr.of), of);
    default:
      return of(expr);
  }
}

/** The series of a service, and those that belong to none: what the agent looks at. */
export function selected(service: string, { metric, labels }: Selector): string {
  const own = Object.hasOwn(labels, "service") ? [] : [`service=~"${service}|"`];
  return `${metric}{${[...own, ...Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`)].join(", ")}}`;
}

function conditionOf({ service, rule }: { service: string; rule: string }, condition: Condition): string {
  const series = (of: Selector): string => selected(service, of);
  const over = (of: Selector, ms: number): string => `${series(of)}[${durationInWords(ms)}]`;
  switch (condition.kind) {
    case "threshold":
      return `${merged(series(condition.of), condition.aggregate)} ${compared(condition)}`;
    case "rate":
    case "increase": {
      const { kind, of, windowMs, aggregate } = condition;
      return `${merged(`${kind}(${over(of, windowMs)})`, aggregate)} ${compared(condition)}`;
    }
    case "ratio": {
      const { of, to, windowMs, minVolume } = condition;
      const sum = (how: string, what: Selector): string => `sum ${perAgent} (${how}(${over(what, windowMs)}))`;
      const ratio = `${sum("rate", of)} / ${sum("rate", to)} ${compared(condition)}`;
      return minVolume > 0 ? `(${ratio}) and ${sum("increase", to)} >= ${minVolume}` : ratio;
    }
    case "absent":
      return `absent(${series(condition.of)})`;
    case "slope":
      return `deriv(${over(condition.of, condition.windowMs)}) ${compared(condition)}`;
    case "quantile": {
      const { of, q, windowMs } = condition;
      const buckets = over({ ...of, metric: `${of.metric}_bucket` }, windowMs);
      return `histogram_quantile(${q}, sum by (job, instance, le) (rate(${buckets}))) ${compared(condition)}`;
    }
    case "cadence": {
      const { of, everyMs, toleranceMs } = condition;
      const late = durationInWords(everyMs + toleranceMs);
      const early = over(of, everyMs - toleranceMs);
      const isLate = `changes(${series(of)}[${late}]) == 0 and ${series(of)} offset ${late}`;
      return `(${isLate}) or changes(${early}) - resets(${early}) > 1`;
    }
    case "regression": {
      const { of, moreThan, direction } = condition;
      const baseline = `ostler_rule_baseline{service=${quoted(service)}, rule=${quoted(rule)}}`;
      const [op, sign] = direction === "up" ? [">", "+"] : ["<", "-"];
      return `${series(of)} ${op} on (job, instance) group_left () (${baseline} ${sign} ${moreThan} * abs(${baseline}))`;
    }
    default:
      return condition satisfies never;
  }
}

/** Several as one: its value is that of the first that holds, the largest where several series do. What is absent has no agent. */
function combined(how: "and" | "or", conditions: readonly Condition[], of: (condition: Condition) => string): string {
  return conditions
    .map((condition, at) => {
      const isAlone = condition.kind === "absent" && conditions[0]?.kind !== "absent";
      const joined = at === 0 ? "" : isAlone ? `${how} on () ` : `${how} `;
      return `${joined}max ${perAgent} (${of(condition)})`;
    })
    .join(" ");
}

function merged(series: string, how: Aggregate | undefined): string {
  return how === undefined ? series : `${how} ${perAgent} (${series})`;
}

function compared({ op, value }: { op: Comparison; value: number }): string {
  return `${op} ${value}`;
}

/** Go reads its texts as JSON does. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
