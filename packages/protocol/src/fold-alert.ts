import { alertKey } from "./alert-key.js";
import type { HostEvent } from "./events/index.js";
import { own, without } from "./own.js";
import type { AlertState, RuleState, ServiceState } from "./state.js";

type AlertEvent = Extract<HostEvent, { type: `alert.${string}` | `rule.${string}` }>;

/** What an event of a rule makes of its service. */
export function foldAlert(service: ServiceState, event: AlertEvent, time: string): ServiceState {
  const { rule } = event.data;
  switch (event.type) {
    case "alert.pending":
    case "alert.fired": {
      const { labels, severity, summary, value, runbook, advice } = event.data;
      const alert: AlertState = {
        state: event.type === "alert.fired" ? "firing" : "pending",
        rule,
        severity,
        since: time,
        summary,
        ...(labels ? { labels } : {}),
        ...(value === undefined ? {} : { value }),
        ...(runbook === undefined ? {} : { runbook }),
        ...(advice ? { advice } : {}),
      };
      return { ...service, alerts: { ...service.alerts, [alertKey(event.data)]: alert } };
    }
    case "alert.resolved":
      return { ...service, alerts: without(service.alerts, alertKey(event.data)) };
    case "rule.blinded": {
      const { because, reason } = event.data;
      return withRule(service, rule, (its) => ({ ...its, blind: { because, reason, since: time } }));
    }
    case "rule.restored":
      return withRule(service, rule, ({ baseline }) => (baseline ? { baseline } : undefined));
    case "rule.baselined": {
      const { value, of } = event.data;
      const baseline = { value, ...(of === undefined ? {} : { of }), at: time };
      return withRule(service, rule, (its) => ({ ...its, baseline }));
    }
    case "rule.removed":
      return withRule(service, rule, () => undefined);
    default:
      return event satisfies never;
  }
}

/** A rule of which there is nothing to say is not in the state. */
function withRule(
  service: ServiceState,
  rule: string,
  change: (its: RuleState) => RuleState | undefined,
): ServiceState {
  const next = change(own(service.rules, rule) ?? {});
  return { ...service, rules: next ? { ...service.rules, [rule]: next } : without(service.rules, rule) };
}
