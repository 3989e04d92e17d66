import { maintenanceInWords, type CheckState, type HostState, type ServiceState } from "@ostler/protocol";
import type { SettingPaths } from "./setting-paths.js";
import type { Answer, Circumstances } from "./why-process.js";

type Around = Pick<Circumstances, "paths" | "maintenance">;

/** What explains a service besides its processes: checks that do not pass, maintenance, and how the agent itself is. */
export function whyService(service: ServiceState, state: HostState, { paths, maintenance }: Around): Answer[] {
  const runs = Object.values(service.processes).some(({ phase }) => phase.name === "running");
  const checks = Object.entries(service.checks).filter(([, { status }]) => status !== "passed");
  return [
    // Of what does not run no check can pass: that says nothing more.
    ...(runs ? checks.map(([name, check]) => whyCheck(name, check, paths)) : []),
    ...Object.entries(service.alerts).map(([alert, { rule, state, since, summary }]) => ({
      about: `alert ${alert}`,
      says: state === "firing" ? `It fires since ${since}: ${summary}` : `It is pending since ${since}: ${summary}`,
      rule: paths.rule(rule),
    })),
    ...Object.entries(service.rules).flatMap(([rule, { blind }]) =>
      blind
        ? [
            {
              about: `rule ${rule}`,
              says: `It sees nothing since ${blind.since}: ${blind.reason}`,
              rule: paths.rule(rule),
            },
          ]
        : [],
    ),
    ...(maintenance
      ? [
          {
            about: "service",
            says: `It is ${maintenanceInWords(maintenance)}`,
            rule: "maintenance.on",
            by: maintenance.by,
          },
        ]
      : []),
    ...whyAgent(state),
  ];
}

function whyCheck(name: string, { role, status, reason, since }: CheckState, paths: SettingPaths): Answer {
  const told = `${since ?? "its begin"}: ${reason ?? ""}`;
  const says = {
    failed: `This ${role} check fails since ${told}`,
    warned: `This ${role} check passes with a warning since ${told}`,
    pending: `This ${role} check has not passed yet`,
    passed: `This ${role} check passes`,
  }[status];
  return { about: `check ${name}`, says, rule: paths.check(name) };
}

/** An agent that is not well itself may be the reason, or know less than it should. */
function whyAgent({ agent: { degraded }, config: { rejected } }: HostState): Answer[] {
  return [
    ...Object.entries(degraded).map(([part, reason]) => ({
      about: "agent",
      says: `It works only in a reduced way: ${part}: ${reason}`,
    })),
    ...(rejected
      ? [
          {
            about: "agent",
            says: `It runs with the configuration before: a reload was refused at ${rejected.at}: ${rejected.problems.join("; ")}`,
            rule: "config.reload",
          },
        ]
      : []),
  ];
}
