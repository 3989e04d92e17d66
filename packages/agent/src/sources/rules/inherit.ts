import type { HostState } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { isOf } from "./baseline.js";
import type { RuleWatch } from "./rule-watch.js";

type InheritDeps = { publish: Publish; clock: Clock; state: () => HostState };
type Watches = ReadonlyMap<string, RuleWatch>;

/**
 * What an agent before this one has found goes on: what fires does not fire again, what is pending waits for the rest of its
 * time. An alert whose severity is another one now begins anew.
 */
export function adoptAlerts(watches: Watches, { publish, clock, state }: InheritDeps): void {
  for (const [service, { alerts }] of Object.entries(state().services))
    for (const { rule, labels = {}, severity, since, state: is } of Object.values(alerts)) {
      const watch = watches.get(`${service}/${rule}`);
      const waitedMs = Math.max(0, clock.now() - Date.parse(since));
      if (watch?.rule.severity === severity)
        watch.adopt(labels, is === "firing" ? { is } : { is, sinceMs: clock.monotonic() - waitedMs });
      else if (watch) {
        const data = { service, rule, ...withLabels(labels), severity, fired: is === "firing" };
        publish({ type: "alert.resolved", data: { ...data, because: "removed" } });
      }
    }
}

/** What belongs to no rule any more is over, and told to be; so is a baseline of something that its rule measures no more. */
export function retireMissing(watches: Watches, { publish, state }: InheritDeps): void {
  for (const [service, { alerts, rules }] of Object.entries(state().services)) {
    for (const { rule, labels = {}, severity, state: is } of Object.values(alerts)) {
      if (watches.has(`${service}/${rule}`)) continue;
      const data = { service, rule, ...withLabels(labels), severity, fired: is === "firing" };
      publish({ type: "alert.resolved", data: { ...data, because: "removed" } });
    }
    for (const [rule, { baseline }] of Object.entries(rules)) {
      const watch = watches.get(`${service}/${rule}`);
      if (!watch || (baseline && !isOf(baseline, watch.rule)))
        publish({ type: "rule.removed", data: { service, rule } });
    }
  }
}

function withLabels(labels: Record<string, string>): { labels?: Record<string, string> } {
  return Object.keys(labels).length === 0 ? {} : { labels };
}
