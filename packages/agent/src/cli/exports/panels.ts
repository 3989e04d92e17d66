import { durationInWords } from "../../config/rules/duration-words.js";
import { rulesOf, type Condition } from "../../config/rules/rules.js";
import type { ServiceConfig } from "../../config/services.js";
import type { Panel } from "./grafana-dashboard.js";
import { selected } from "./promql.js";

/** Of every service, and of every host. */
const of = '{instance=~"$instance", service=~"$service"}';
const ofHost = '{instance=~"$instance"}';

/** What every dashboard shows. */
export function panelsOf(): Panel[] {
  const process = "{{service}}/{{process}}";
  return [
    { title: "Ready", type: "stat", exprs: [{ expr: `ostler_service_ready${of}`, legend: "{{service}}" }] },
    {
      title: "Alerts that fire",
      type: "stat",
      exprs: [
        {
          expr: `sum by (service, rule, severity) (ostler_alert_firing${of})`,
          legend: "{{service}}/{{rule}} {{severity}}",
        },
      ],
    },
    {
      title: "Restarts in an hour",
      exprs: [{ expr: `increase(ostler_process_restarts_total${of}[1h])`, legend: process }],
    },
    { title: "Checks", exprs: [{ expr: `ostler_check_up${of}`, legend: "{{service}}/{{check}}" }] },
    {
      title: "CPU of the processes",
      unit: "percentunit",
      exprs: [{ expr: `rate(ostler_process_cpu_seconds_total${of}[5m])`, legend: process }],
    },
    {
      title: "Memory of the processes",
      unit: "bytes",
      exprs: [{ expr: `ostler_process_resident_memory_bytes${of}`, legend: process }],
    },
    {
      title: "The agent",
      unit: "bytes",
      exprs: [{ expr: `process_resident_memory_bytes{job="ostler", instance=~"$instance"}`, legend: "{{instance}}" }],
    },
    {
      title: "Busy share of the host's processors",
      unit: "percentunit",
      exprs: [{ expr: `ostler_host_cpu_busy_ratio${ofHost}`, legend: "{{instance}}" }],
    },
    {
      title: "Used share of the host's memory and file systems",
      unit: "percentunit",
      exprs: [
        { expr: `ostler_host_memory_used_ratio${ofHost}`, legend: "memory" },
        { expr: `ostler_host_filesystem_used_ratio${ofHost}`, legend: "{{mountpoint}}" },
      ],
    },
    { title: "Parts that work in a reduced way", exprs: [{ expr: `ostler_degraded${ofHost}`, legend: "{{part}}" }] },
  ];
}

/** One panel for each metric that the rules of a service look at, with everything they look at of it. */
export function looksOfRule(service: string, config: ServiceConfig): Panel[] {
  const shown = new Map<string, Set<string>>();
  for (const { expr } of rulesOf(config))
    for (const condition of expr.kind === "all" || expr.kind === "any" ? expr.of : [expr])
      for (const { metric, query } of queriesOf(service, condition))
        shown.set(metric, (shown.get(metric) ?? new Set()).add(query));
  return [...shown].map(([metric, queries]) => ({
    title: `${service}: ${metric}`,
    exprs: [...queries].map((expr) => ({ expr, legend: "" })),
  }));
}

/** What is drawn of a condition: what it measures, without what it is compared with. */
function queriesOf(service: string, condition: Condition): { metric: string; query: string }[] {
  const { of: selector } = condition;
  const series = selected(service, selector);
  const { metric } = selector;
  switch (condition.kind) {
    case "threshold":
    case "absent":
    case "regression":
      return [{ metric, query: series }];
    case "rate":
    case "increase":
      return [{ metric, query: `${condition.kind}(${series}[${durationInWords(condition.windowMs)}])` }];
    case "slope":
      return [{ metric, query: `deriv(${series}[${durationInWords(condition.windowMs)}])` }];
    case "ratio": {
      const over = `[${durationInWords(condition.windowMs)}]`;
      return [selector, condition.to].map((its) => ({
        metric: its.metric,
        query: `sum(rate(${selected(service, its)}${over}))`,
      }));
    }
    case "quantile": {
      const buckets = selected(service, { ...selector, metric: `${metric}_bucket` });
      const rate = `rate(${buckets}[${durationInWords(condition.windowMs)}])`;
      return [{ metric, query: `histogram_quantile(${condition.q}, sum by (instance, le) (${rate}))` }];
    }
    case "cadence":
      return [{ metric, query: `changes(${series}[${durationInWords(condition.everyMs)}])` }];
    default:
      return condition satisfies never;
  }
}
