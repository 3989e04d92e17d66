import type { PrometheusRule } from "./prometheus-rules.js";

/** What everybody wants to hear of an agent and its services, whatever the configuration says. */
export const builtInRules: PrometheusRule[] = [
  rule("OstlerDown", 'up{job="ostler"} == 0', "1m", "critical", "The agent on {{ $labels.instance }} does not answer"),
  rule(
    "OstlerServiceNotReady",
    "ostler_service_ready == 0 unless ostler_service_maintenance == 1 unless ostler_service_isolated == 1",
    "5m",
    "critical",
    "{{ $labels.service }} on {{ $labels.instance }} is not ready",
  ),
  rule(
    "OstlerDegraded",
    "ostler_degraded == 1",
    "5m",
    "warning",
    "{{ $labels.part }} of the agent on {{ $labels.instance }} works only in a reduced way",
  ),
  rule(
    "OstlerCheckFailing",
    'ostler_check_up{role!="info"} == 0 unless on (job, instance, service) ostler_service_maintenance == 1',
    "5m",
    "warning",
    "Check {{ $labels.check }} of {{ $labels.service }} on {{ $labels.instance }} fails",
  ),
  rule(
    "OstlerReloadFailed",
    "ostler_config_last_reload_successful == 0",
    "1m",
    "warning",
    "The agent on {{ $labels.instance }} refused its configuration, and runs on with the one before",
  ),
  rule(
    "OstlerRuleBlind",
    "ostler_rule_blind == 1",
    "15m",
    "warning",
    "Rule {{ $labels.service }}/{{ $labels.rule }} on {{ $labels.instance }} sees nothing",
  ),
];

function rule(alert: string, expr: string, forSpan: string, severity: string, summary: string): PrometheusRule {
  return { alert, expr, for: forSpan, labels: { severity }, annotations: { summary } };
}
