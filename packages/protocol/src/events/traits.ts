import type { HostEvent } from "./index.js";

export type Severity = "info" | "warn" | "error" | "critical";

/** How much an operator should care. Log level, CloudEvents extension and colour all come from here. */
export function severityOf(event: HostEvent): Severity {
  switch (event.type) {
    case "agent.started":
    case "agent.stopped":
    case "agent.recovered":
    case "config.applied":
    case "service.configured":
    case "service.removed":
    case "service.started":
    case "service.adopted":
    case "service.deferred":
    case "service.scaled":
    case "service.scheduled":
    case "service.triggered":
    case "service.signalled":
    case "service.stopped":
    case "service.completed":
    case "service.settled":
    case "service.released":
    case "debug.began":
    case "debug.expired":
    case "debug.ended":
    case "maintenance.began":
    case "maintenance.ended":
    case "service.notified":
    case "service.marker-seen":
    case "service.ready":
    case "service.limit-recovered":
    case "check.passed":
    case "host.inventoried":
    case "backup.scheduled":
    case "backup.triggered":
    case "backup.began":
    case "backup.progressed":
    case "backup.copied":
    case "backup.verified":
    case "backup.pruned":
    case "backup.restored":
    case "backup.drilled":
    case "backup.removed":
    case "rule.restored":
    case "rule.baselined":
    case "rule.removed":
    case "pattern.removed":
    case "pattern.suppressed":
    case "alert.pending":
    case "alert.resolved":
    case "command.accepted":
    case "controller.connected":
    case "controller.disconnected":
      return "info";
    case "alert.fired":
    case "pattern.matched":
    case "pattern.missed":
      return alertSeverities[event.data.severity];
    case "service.exited":
      return event.data.expected ? "info" : "warn";
    case "backup.created":
      return Object.values(event.data.flaws).some((flaw) => flaw === true || (Array.isArray(flaw) && flaw.length > 0))
        ? "warn"
        : "info";
    case "command.finished":
      return event.data.outcome === "succeeded" ? "info" : "warn";
    case "service.restarted":
    case "service.run-missed":
    case "service.overlapped":
    case "service.delayed":
    case "service.killed":
    case "service.unready":
    case "service.isolated":
    case "service.output-lost":
    case "service.limit-exceeded":
    case "service.marker-missed":
    case "check.warned":
    case "check.failed":
    case "rule.blinded":
    case "log.gapped":
    case "task.interrupted":
    case "backup.missed":
    case "backup.interrupted":
    case "command.rejected":
    case "controller.unreachable":
    case "controller.faulted":
      return "warn";
    case "agent.degraded":
    case "agent.faulted":
    case "config.rejected":
    case "backup.damaged":
    case "backup.failed":
    case "service.crashed":
    case "service.start-failed":
    case "service.gave-up":
    case "journal.gapped":
      return "error";
    case "service.crash-looped":
      return "critical";
    default:
      return event satisfies never;
  }
}

const alertSeverities = { info: "info", warning: "warn", critical: "critical" } as const;

/** Subjects whose events must be on disk before anyone outside hears of them at once; the others within a second. */
const urgentSubjects = [
  "agent.",
  "config.",
  "service.",
  "task.",
  "backup.",
  "command.",
  "maintenance.",
  "debug.",
  "alert.",
  "pattern.",
  "log.",
  "journal.",
];

export function isUrgent(type: string): boolean {
  return urgentSubjects.some((subject) => type.startsWith(subject));
}

/** The CloudEvents `subject`: the service, or the check as `service/check`; absent where neither is meant. */
export function subjectOf({ data }: { data: Record<string, unknown> }): string | undefined {
  if (typeof data.service !== "string" || data.service === "") return undefined;
  return typeof data.check === "string" ? `${data.service}/${data.check}` : data.service;
}
