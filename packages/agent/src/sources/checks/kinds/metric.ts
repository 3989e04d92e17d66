import type { MetricCheck } from "../../../config/checks/metric.js";
import { beyond, nearlyBeyond } from "../../../config/bounds.js";
import type { LookAt, Reading } from "../../../core/series.js";
import { failed, passed, warned, worst, type Probe, type Verdict } from "../verdict.js";

/** Passes while a metric is within its bounds. What is absent, or too old, has not passed. */
export function metricProbe(check: MetricCheck, service: string, look: LookAt, nowMs: () => number): Probe {
  const { metric, labels, max_age } = check;
  return async () => {
    const sight = look(metric, service, labels);
    if (sight.is !== "seen") return failed(`${metric} is ${sight.is}: ${sight.reason}`);
    const oldestMs = Math.min(...sight.readings.map(({ atMs }) => atMs));
    const ageSeconds = Math.round((nowMs() - oldestMs) / 1000);
    if (max_age !== undefined && ageSeconds > max_age)
      return failed(`${metric} was measured ${ageSeconds} s ago, longer than ${max_age} s`);
    return worst(numbersOf(sight.readings, check).map((number) => judge(number, check)));
  };
}

type Named = { name: string; value: number };

function judge({ name, value }: Named, check: MetricCheck): Verdict {
  const wrong = beyond(value, check);
  if (wrong !== undefined) return failed(`${name} is ${wrong}`);
  const nearly = nearlyBeyond(value, check);
  return nearly === undefined ? passed : warned(`${name} is ${nearly}`);
}

function numbersOf(readings: readonly Reading[], { metric, aggregate }: MetricCheck): Named[] {
  const values = readings.map(({ value }) => value);
  switch (aggregate) {
    case undefined:
      return readings.map(({ labels, value }) => ({ name: nameOf(metric, labels), value }));
    case "sum":
      return [{ name: `sum of ${metric}`, value: values.reduce((sum, value) => sum + value, 0) }];
    case "min":
      return [{ name: `least ${metric}`, value: Math.min(...values) }];
    case "max":
      return [{ name: `greatest ${metric}`, value: Math.max(...values) }];
    default:
      return aggregate satisfies never;
  }
}

function nameOf(metric: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== "service");
  return pairs.length === 0 ? metric : `${metric}{${pairs.map(([name, value]) => `${name}="${value}"`).join(",")}}`;
}
