import type { Advice, AlertSeverity, Labels } from "@ostler/protocol";
import type { BackupConfig } from "../backups.js";
import { logRules } from "../logs/log-rules.js";
import type { LogSource } from "../logs/log-source.js";
import { backupRules } from "./backup-rules.js";
import type { Milliseconds } from "../values.js";
import type { Aggregate, Comparison, ConditionConfig, ExprConfig } from "./expr.js";
import type { RuleConfig } from "./rule-config.js";
import { inWords } from "./words.js";

export type Selector = { metric: string; labels: Labels };
type Compared = { op: Comparison; value: number };
type Aggregated = { aggregate: Aggregate | undefined };

/** One thing that can be true or not, of one number or of each series. */
export type Condition =
  | ({ kind: "threshold"; of: Selector } & Aggregated & Compared)
  | ({ kind: "rate" | "increase"; of: Selector; windowMs: Milliseconds } & Aggregated & Compared)
  | ({ kind: "ratio"; of: Selector; to: Selector; windowMs: Milliseconds; minVolume: number } & Compared)
  | { kind: "absent"; of: Selector }
  | ({ kind: "slope"; of: Selector; windowMs: Milliseconds } & Compared)
  | ({ kind: "quantile"; of: Selector; q: number; windowMs: Milliseconds } & Compared)
  | { kind: "cadence"; of: Selector; everyMs: Milliseconds; toleranceMs: Milliseconds }
  | { kind: "regression"; of: Selector; moreThan: number; direction: "up" | "down" };

export type Several = { kind: "all"; of: Condition[] } | { kind: "any"; of: Condition[] };
export type Expr = Condition | Several;

/** A rule as it is evaluated and exported: one expression, every default in place. */
export type Rule = {
  name: string;
  expr: Expr;
  forMs: Milliseconds;
  severity: AlertSeverity;
  /** A template, see template.ts. */
  summary: string;
  runbook?: string;
  advice?: Advice;
};

/** Of several conditions those first that have a value, which becomes that of the alert. */
export function valuedFirst(conditions: readonly Condition[]): Condition[] {
  const [absent, valued] = [true, false].map((is) => conditions.filter(({ kind }) => (kind === "absent") === is));
  return [...(valued ?? []), ...(absent ?? [])];
}

const severities = { target: "info", alert: "warning", hard: "critical" } as const;
const levelNames = ["target", "alert", "hard"] as const;

type WithRules = {
  rules: readonly RuleConfig[];
  logs: readonly LogSource[];
  backups: readonly BackupConfig[];
};

/** The rules of a service, of its logs and of its backups; one with levels is a rule for each. */
export function rulesOf({ rules, logs, backups }: WithRules): Rule[] {
  const written = rules.flatMap((rule) => {
    const { levels, ...expr } = rule.expr;
    if (!levels) return [ruleOf(rule.name, rule, rule.expr, rule.severity ?? "warning")];
    return levelNames.flatMap((level) => {
      const value = levels[level];
      return value === undefined ? [] : [ruleOf(`${rule.name}:${level}`, rule, { ...expr, value }, severities[level])];
    });
  });
  return [...written, ...logRules(logs), ...backupRules(backups)];
}

function ruleOf(name: string, rule: RuleConfig, written: ExprConfig, severity: AlertSeverity): Rule {
  const { for: forMs, summary, runbook, advice } = rule;
  const expr = exprOf(written);
  return {
    name,
    expr,
    forMs,
    severity,
    summary: summary ?? inWords(expr),
    ...(runbook === undefined ? {} : { runbook }),
    ...(advice ? { advice } : {}),
  };
}

function exprOf(written: ExprConfig): Expr {
  if (written.all) return { kind: "all", of: written.all.map(conditionOf) };
  if (written.any) return { kind: "any", of: written.any.map(conditionOf) };
  return conditionOf(written);
}

/** The schema has seen to it that there is exactly one kind, and what it needs. */
function conditionOf(written: ConditionConfig): Condition {
  const { metric, rate, increase, ratio, absent, slope, quantile, cadence, regression } = written;
  const compared = { op: written.op ?? ">", value: written.value ?? 0 };
  if (metric !== undefined)
    return {
      kind: "threshold",
      of: selectorOf({ metric, labels: written.labels }),
      aggregate: written.aggregate,
      ...compared,
    };
  const its = rate ?? increase;
  if (its) {
    const rises = { of: selectorOf(its), windowMs: its.window, aggregate: its.aggregate };
    return { kind: rate ? "rate" : "increase", ...rises, ...compared };
  }
  if (ratio) {
    const { window: windowMs, min_volume: minVolume = 0 } = ratio;
    return { kind: "ratio", of: selectorOf(ratio.of), to: selectorOf(ratio.to), windowMs, minVolume, ...compared };
  }
  if (slope) return { kind: "slope", of: selectorOf(slope), windowMs: slope.window, ...compared };
  if (quantile)
    return { kind: "quantile", of: selectorOf(quantile), q: quantile.q, windowMs: quantile.window, ...compared };
  if (cadence)
    return { kind: "cadence", of: selectorOf(cadence), everyMs: cadence.every, toleranceMs: cadence.tolerance };
  if (regression) {
    const { more_than: moreThan, direction } = regression;
    return { kind: "regression", of: selectorOf(regression), moreThan, direction };
  }
  return { kind: "absent", of: selectorOf(absent ?? { metric: "" }) };
}

function selectorOf({ metric, labels = {} }: { metric: string; labels?: Labels | undefined }): Selector {
  return { metric, labels };
}
