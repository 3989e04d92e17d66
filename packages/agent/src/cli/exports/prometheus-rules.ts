import { durationInWords } from "../../config/rules/duration-words.js";
import { rulesOf, type Rule } from "../../config/rules/rules.js";
import type { Config } from "../../config/schema.js";
import { builtInRules } from "./built-in-rules.js";
import { promqlOf } from "./promql.js";

export type PrometheusRule = {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
};
export type PrometheusRules = { groups: { name: string; interval?: string; rules: PrometheusRule[] }[] };

/** The rules of a configuration as Prometheus reads them: a group for each service, and one for the agent itself. */
export function prometheusRules({ agent, services }: Pick<Config, "agent" | "services">): PrometheusRules {
  const interval = durationInWords(agent.rules.every);
  const groups = Object.entries(services).flatMap(([service, config]) => {
    const rules = rulesOf(config).map((rule) => exported(service, rule));
    return rules.length === 0 ? [] : [{ name: `ostler-${service}`, interval, rules }];
  });
  return { groups: [{ name: "ostler", rules: builtInRules }, ...groups] };
}

function exported(service: string, rule: Rule): PrometheusRule {
  const { name, forMs, severity, summary, runbook, advice } = rule;
  return {
    alert: name,
    expr: promqlOf(service, rule),
    ...(forMs === 0 ? {} : { for: durationInWords(forMs) }),
    labels: { service, severity, ...(advice ? { advice } : {}) },
    annotations: {
      summary: summary.replaceAll(/\{\{-?\s*\$labels\.service\s*-?\}\}/g, service),
      ...(runbook === undefined ? {} : { runbook_url: runbook.replaceAll("{{", '{{ "{{" }}') }),
    },
  };
}
