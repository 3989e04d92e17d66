import type { AlertSeverity } from "@ostler/protocol";
import { durationInWords } from "@ostler/protocol";
import type { Rule } from "../rules/rules.js";
import type { LogPattern } from "./log-pattern.js";
import type { LogSource } from "./log-source.js";

/** The metrics that rules of patterns look at; see sinks/metrics/catalogue.ts. */
export const logMetrics = {
  lines: "ostler_log_lines_total",
  bytes: "ostler_log_bytes_total",
  matches: "ostler_log_matches_total",
  age: "ostler_log_match_age_seconds",
  recent: "ostler_log_recent_matches",
} as const;

/** What the patterns and the volume of a service's logs raise alerts about; no rule of a person can have such a name. */
export function logRules(sources: readonly LogSource[]): Rule[] {
  return sources.flatMap((source) => [...volumeRules(source), ...source.patterns.flatMap(patternRules)]);
}

function patternRules(pattern: LogPattern): Rule[] {
  const { name, rate, absent_for: absentMs, cadence } = pattern;
  const rule = (kind: string, expr: Rule["expr"], summary: string): Rule => ({
    name: `${name}:${kind}`,
    expr,
    forMs: 0,
    severity: severityOf(pattern),
    summary: pattern.meaning === undefined ? summary : `${summary} (${pattern.meaning})`,
    ...(pattern.resolution === undefined ? {} : { runbook: pattern.resolution }),
  });
  const labels = { pattern: name };
  const rules: Rule[] = [];
  if (rate) {
    const by = rate.by === undefined ? "" : ` by ${rate.by} {{ $labels.group }}`;
    const summary = `${name} written {{ $value }} times within ${durationInWords(rate.window)}${by}`;
    const of = { metric: logMetrics.recent, labels };
    rules.push(rule("rate", { kind: "threshold", of, aggregate: undefined, op: ">=", value: rate.count }, summary));
  }
  if (absentMs !== undefined) {
    const of = { metric: logMetrics.age, labels };
    const summary = `${name} not written for {{ $value }} s`;
    rules.push(
      rule("absent", { kind: "threshold", of, aggregate: undefined, op: ">=", value: absentMs / 1000 }, summary),
    );
  }
  if (cadence) {
    const { every: everyMs, tolerance: toleranceMs } = cadence;
    const of = { metric: logMetrics.matches, labels };
    const summary = `${name} not written every ${durationInWords(everyMs)} ± ${durationInWords(toleranceMs)}`;
    rules.push(rule("cadence", { kind: "cadence", of, everyMs, toleranceMs }, summary));
  }
  return rules;
}

function volumeRules({ name, volume }: LogSource): Rule[] {
  if (!volume) return [];
  const { lines_per_second: lines, bytes_per_second: bytes, for: windowMs } = volume;
  const rule = (kind: "lines" | "bytes", value: number): Rule => ({
    name: `${name}:${kind}`,
    expr: {
      kind: "rate",
      of: { metric: logMetrics[kind], labels: { source: name } },
      windowMs,
      aggregate: undefined,
      op: ">",
      value,
    },
    forMs: 0,
    severity: "warning",
    summary: `${name} writes {{ $value }} ${kind} a second, more than ${value}: is debug logging still on?`,
  });
  return [
    ...(lines === undefined ? [] : [rule("lines", lines)]),
    ...(bytes === undefined ? [] : [rule("bytes", bytes)]),
  ];
}

/** An alert that is only told would not be noticed. */
function severityOf({ severity }: LogPattern): AlertSeverity {
  return severity === "info" ? "warning" : severity;
}
