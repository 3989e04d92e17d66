import type { Blindness, Labels } from "@ostler/protocol";
import { valuedFirst, type Condition, type Expr, type Selector } from "../../config/rules/rules.js";
import { cadence } from "./cadence.js";
import { aggregated, compare, sum } from "./compare.js";
import type { Points } from "./history.js";
import { keyOf, type Look, type Moment } from "./looks.js";
import { quantile } from "./quantile.js";
import { increase, rate } from "./rate.js";
import { slope } from "./slope.js";

export type Instance = { labels: Labels; value: number };

/** Of which series it holds; or that nobody can know, or that it is too early to know. */
export type Finding =
  { is: "known"; holding: Instance[] } | { is: "blind"; because: Blindness; reason: string } | { is: "early" };

export type Context = {
  lookOf: (selector: Selector) => Look;
  moment: Moment;
  /** When the youngest run of the service began. */
  startedMs: number;
  baseline: number | undefined;
};

/** What a rule finds now. */
export function evaluate(expr: Expr, context: Context): Finding {
  switch (expr.kind) {
    case "all":
      return allOf(valuedFirst(expr.of).map((condition) => judge(condition, context)));
    case "any":
      return anyOf(valuedFirst(expr.of).map((condition) => judge(condition, context)));
    default:
      return judge(expr, context);
  }
}

/** Where something looks: which metric, and how far back. */
export function looksOf(expr: Expr): { of: Selector; windowMs: number }[] {
  if (expr.kind === "all" || expr.kind === "any") return expr.of.flatMap(looksOf);
  switch (expr.kind) {
    case "threshold":
    case "absent":
    case "regression":
      return [{ of: expr.of, windowMs: 0 }];
    case "rate":
    case "increase":
    case "slope":
      return [{ of: expr.of, windowMs: expr.windowMs }];
    case "ratio":
      return [expr.of, expr.to].map((of) => ({ of, windowMs: expr.windowMs }));
    case "quantile":
      return [{ of: bucketsOf(expr.of), windowMs: expr.windowMs }];
    case "cadence":
      return [{ of: expr.of, windowMs: expr.everyMs + expr.toleranceMs }];
    default:
      return expr satisfies never;
  }
}

/** The series of a histogram's buckets. */
export function bucketsOf({ metric, labels }: Selector): Selector {
  return { metric: `${metric}_bucket`, labels };
}

function judge(condition: Condition, context: Context): Finding {
  switch (condition.kind) {
    case "absent": {
      const sight = context.lookOf(condition.of).now(context.moment);
      if (sight.is === "unreachable") return blind("unreachable", sight.reason);
      return known(sight.is === "absent" || sight.readings.length === 0 ? [{ labels: {}, value: 1 }] : []);
    }
    case "threshold": {
      const seen = instants(condition.of, context);
      if (seen.is !== "known") return seen;
      const { op, value, aggregate } = condition;
      return known(merged(seen.holding, aggregate).filter((instance) => compare(instance.value, op, value)));
    }
    case "regression": {
      const seen = instants(condition.of, context);
      if (seen.is !== "known") return seen;
      const { baseline } = context;
      if (baseline === undefined) return blind("no-baseline", "it has no baseline yet; set one with rules baseline");
      const step = Math.abs(baseline) * condition.moreThan;
      const isWorse = ({ value }: Instance): boolean =>
        condition.direction === "up" ? value > baseline + step : value < baseline - step;
      return known(seen.holding.filter(isWorse));
    }
    case "rate":
    case "increase":
    case "slope": {
      const { of, windowMs, op, value } = condition;
      const seen = ranges(of, windowMs, context, measureOf(condition.kind));
      if (seen.is !== "known") return seen;
      const instances = condition.kind === "slope" ? seen.holding : merged(seen.holding, condition.aggregate);
      return known(instances.filter((instance) => compare(instance.value, op, value)));
    }
    case "ratio":
      return judgeRatio(condition, context);
    case "quantile": {
      const { of, windowMs, q, op, value } = condition;
      const seen = ranges(bucketsOf(of), windowMs, context, rate);
      if (seen.is !== "known") return seen;
      const buckets = seen.holding.flatMap(({ labels, value: count }) =>
        labels.le === undefined ? [] : [{ le: Number(labels.le.replace("Inf", "Infinity")), count }],
      );
      const found = quantile(q, buckets);
      return known(compare(found, op, value) ? [{ labels: {}, value: found }] : []);
    }
    case "cadence":
      return judgeCadence(condition, context);
    default:
      return condition satisfies never;
  }
}

function judgeRatio(condition: Condition & { kind: "ratio" }, context: Context): Finding {
  const { of, to, windowMs, minVolume, op, value } = condition;
  const [volume, all, some] = [
    ranges(to, windowMs, context, increase),
    ranges(to, windowMs, context, rate),
    ranges(of, windowMs, context, rate),
  ];
  if (volume.is !== "known") return volume;
  if (sum(volume.holding.map((one) => one.value)) < minVolume) return known([]);
  if (all.is !== "known") return all;
  if (some.is !== "known") return some;
  const share = sum(some.holding.map((one) => one.value)) / sum(all.holding.map((one) => one.value));
  return known(compare(share, op, value) ? [{ labels: {}, value: share }] : []);
}

/**
 * Of the runs before the youngest one nothing counts: a counter that begins again breaks no rhythm. Nor does one that nobody
 * sees now, whatever its history says.
 */
function judgeCadence(condition: Condition & { kind: "cadence" }, context: Context): Finding {
  const { moment, startedMs } = context;
  const { everyMs, toleranceMs } = condition;
  const rhythm = { everyMs, toleranceMs };
  const look = context.lookOf(condition.of);
  const sight = look.now(moment);
  const seen = new Set(sight.is === "seen" ? sight.readings.map(({ labels }) => keyOf(labels)) : []);
  const series = [...look.over(moment)].filter(({ labels }) => seen.has(keyOf(labels)));
  if (series.length === 0) return nothing(look, everyMs + toleranceMs, context);
  return known(
    series.flatMap(({ labels, history }) => {
      const found = cadence(history.between(startedMs, moment.nowMs), moment.nowMs, rhythm);
      return found.is === "on-time" ? [] : [{ labels: withoutService(labels), value: found.rises }];
    }),
  );
}

type Measure = (points: Points, window: { fromMs: number; toMs: number }) => number | undefined;

function measureOf(kind: "rate" | "increase" | "slope"): Measure {
  return kind === "rate" ? rate : kind === "increase" ? increase : slope;
}

function instants(of: Selector, { lookOf, moment }: Context): Finding {
  const sight = lookOf(of).now(moment);
  if (sight.is !== "seen") return blind(sight.is, sight.reason);
  if (sight.readings.length === 0) return blind("absent", `there is no ${of.metric}`);
  return known(sight.readings.map(({ labels, value }) => ({ labels: withoutService(labels), value })));
}

/** Of what is in the window, whether or not it is seen now: a window means what it means in Prometheus. */
function ranges(of: Selector, windowMs: number, context: Context, measure: Measure): Finding {
  const look = context.lookOf(of);
  const { nowMs } = context.moment;
  const window = { fromMs: nowMs - windowMs, toMs: nowMs };
  const found: Instance[] = [];
  for (const { labels, history } of look.over(context.moment)) {
    const value = measure(history.between(window.fromMs, window.toMs), window);
    if (value !== undefined) found.push({ labels: withoutService(labels), value });
  }
  return found.length > 0 ? known(found) : nothing(look, windowMs, context);
}

/** Why there is no number. Until a whole window has passed it would be too early to complain of too few measurements. */
function nothing(look: Look, windowMs: number, { moment }: Context): Finding {
  const sight = look.now(moment);
  if (sight.is !== "seen") return blind(sight.is, sight.reason);
  if (sight.readings.length === 0) return blind("absent", `there is no ${look.of.metric}`);
  if (moment.nowMs - look.sinceMs < windowMs) return { is: "early" };
  return blind("too-few", `${look.of.metric} was measured less than twice within its window`);
}

/** One number of all series, or each as it is. */
function merged(instances: Instance[], how: Parameters<typeof aggregated>[1] | undefined): Instance[] {
  if (how === undefined) return instances;
  const value = aggregated(
    instances.map((instance) => instance.value),
    how,
  );
  return value === undefined ? [] : [{ labels: {}, value }];
}

/** False as soon as one is known to be false. */
function allOf(findings: readonly Finding[]): Finding {
  const isFalse = (finding: Finding): boolean => finding.is === "known" && finding.holding.length === 0;
  const first = findings.some(isFalse) ? undefined : findings.find(({ is }) => is !== "known");
  return first ?? (findings.some(isFalse) ? known([]) : known(largest(findings[0])));
}

/** True as soon as one is known to be true. */
function anyOf(findings: readonly Finding[]): Finding {
  const holding = findings.find((finding) => finding.is === "known" && finding.holding.length > 0);
  return holding ? known(largest(holding)) : (findings.find(({ is }) => is !== "known") ?? known([]));
}

function largest(finding: Finding | undefined): Instance[] {
  const values = finding?.is === "known" ? finding.holding.map(({ value }) => value) : [];
  return [{ labels: {}, value: Math.max(...values) }];
}

/** The service of an alert stands beside its labels. */
function withoutService(labels: Labels): Labels {
  if (labels.service === undefined) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== "service"));
}

function known(holding: Instance[]): Finding {
  return { is: "known", holding };
}

function blind(because: Blindness, reason: string): Finding {
  return { is: "blind", because, reason };
}
