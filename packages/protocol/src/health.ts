import { alertKey } from "./alert-key.js";
import { isolationInWords, maintenanceInWords, maintenanceOf, type HostState, type ServiceState } from "./state.js";
import { unreadyReasons } from "./readiness.js";

/** The one definition of how well a host is. */
export type Health = "healthy" | "maintenance" | "degraded" | "unhealthy";

/** One thing that keeps a host from being healthy, and how much. */
export type HealthReason = { status: Exclude<Health, "healthy">; about: string; reason: string };

/** Worst first; a host is as well as the first of its reasons, and healthy when there is none. */
const worstFirst = ["unhealthy", "maintenance", "degraded"] as const;

export function healthOf(reasons: readonly HealthReason[]): Health {
  return worstFirst.find((status) => reasons.some((reason) => reason.status === status)) ?? "healthy";
}

/**
 * Everything that keeps a host from being healthy. What people work on may be down; whatever else is wrong is told all the
 * same. What nobody can measure is not taken for well.
 */
export function healthReasons(state: HostState, overdue: readonly string[] = []): HealthReason[] {
  const { agent, config, services, controllers, maintenance } = state;
  const all: HealthReason[] = [
    ...overdue.map((part) => reason("unhealthy", "agent", `${part} is overdue`)),
    ...(maintenance ? [reason("maintenance", "host", maintenanceInWords(maintenance))] : []),
    ...Object.entries(agent.degraded).map(([part, why]) => reason("degraded", "agent", `${part}: ${why}`)),
    ...(config.rejected
      ? [
          reason(
            "degraded",
            "agent",
            `a reload was refused at ${config.rejected.at}: ${config.rejected.problems.join("; ")}`,
          ),
        ]
      : []),
    ...Object.entries(services).flatMap(([name, service]) => ofService(name, service, state)),
    ...Object.entries(controllers).flatMap(([name, { connected, direction, reason: why = "" }]) =>
      !connected && direction === "outbound" ? [reason("degraded", `controller ${name}`, `not connected: ${why}`)] : [],
    ),
  ];
  return all.sort((a, b) => worstFirst.indexOf(a.status) - worstFirst.indexOf(b.status));
}

function ofService(name: string, service: ServiceState, state: HostState): HealthReason[] {
  const { ready, checks, alerts, rules, isolation, maintenance, backups = {} } = service;
  const about = `service ${name}`;
  const isWorkedOn = maintenanceOf(state, name) !== undefined;
  const isDown = !ready && !isStopped(service) && !isolation && !isWorkedOn;
  return [
    ...(maintenance ? [reason("maintenance", about, maintenanceInWords(maintenance))] : []),
    ...(isolation ? [reason("degraded", about, isolationInWords(isolation))] : []),
    ...(isDown ? whyDown(service).map((why) => reason("unhealthy", about, why)) : []),
    ...Object.entries(checks).flatMap(([check, { status, role, reason: why = "" }]) => {
      if (role === "info") return [];
      if (status === "warned") return [reason("degraded", about, `check ${check} warns: ${why}`)];
      const isTold = isDown && (role === "readiness" || role === "startup");
      return status === "failed" && !isTold ? [reason("degraded", about, `check ${check} failed: ${why}`)] : [];
    }),
    ...Object.entries(backups).flatMap(([backup, { failed = {}, damaged = {} }]) => [
      ...Object.entries(failed).map(([doing, { reason: why }]) =>
        reason("degraded", about, `backups ${backup}, ${doing}: ${why}`),
      ),
      ...Object.entries(damaged).map(([id, why]) => reason("degraded", about, `backup ${id} is damaged: ${why}`)),
    ]),
    ...Object.values(alerts).flatMap((alert) => {
      const { state: is, severity, summary, advice } = alert;
      if (is !== "firing" || severity === "info" || advice) return [];
      const status = severity === "critical" && !isWorkedOn ? "unhealthy" : "degraded";
      return [reason(status, about, `alert ${alertKey(alert)} fires: ${summary}`)];
    }),
    ...Object.entries(rules).flatMap(([rule, { blind }]) =>
      blind ? [reason("degraded", about, `rule ${rule} sees nothing: ${blind.reason}`)] : [],
    ),
  ];
}

/** Never empty: what has become ready again is told so an event later. */
function whyDown(service: ServiceState): string[] {
  const reasons = unreadyReasons(service);
  return reasons.length > 0 ? reasons : ["it is not ready yet"];
}

function reason(status: HealthReason["status"], about: string, why: string): HealthReason {
  return { status, about, reason: why };
}

/** Somebody wanted it so. */
function isStopped({ processes }: ServiceState): boolean {
  return Object.values(processes).every(({ phase }) => phase.name === "stopped" || phase.name === "completed");
}
