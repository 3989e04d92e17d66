import { maintenanceOf, type HostState } from "@ostler/protocol";
import type { Instruments } from "./catalogue.js";

/** Sets every gauge that shows the state. */
export function readState(state: HostState, its: Instruments): void {
  const { agent, config, services, controllers } = state;
  for (const gauge of [
    its.degraded,
    its.serviceReady,
    its.serviceIsolated,
    its.serviceMaintenance,
    its.processUp,
    its.processStarted,
    its.checkUp,
    its.checkWarned,
    its.alertFiring,
    its.ruleBlind,
    its.ruleBaseline,
    its.controllers,
  ])
    gauge.reset();
  its.agentStarted.set(seconds(agent.startedAt));
  its.configApplied.set(seconds(config.appliedAt));
  for (const part of Object.keys(agent.degraded)) its.degraded.set({ part }, 1);
  for (const [controller, { connected }] of Object.entries(controllers))
    its.controllers.set({ controller }, Number(connected));
  for (const [service, { ready, processes, checks, isolation, alerts, rules }] of Object.entries(services)) {
    its.serviceReady.set({ service }, Number(ready));
    its.serviceMaintenance.set({ service }, Number(maintenanceOf(state, service) !== undefined));
    its.serviceIsolated.set({ service }, Number(isolation !== undefined));
    for (const [process, { phase }] of Object.entries(processes)) {
      const runs = phase.name === "running" || phase.name === "stopping";
      its.processUp.set({ service, process }, Number(runs));
      if (runs) its.processStarted.set({ service, process }, seconds(phase.since));
    }
    for (const [check, { role, status }] of Object.entries(checks)) {
      if (status === "pending") continue;
      its.checkUp.set({ service, check, role }, Number(status !== "failed"));
      its.checkWarned.set({ service, check, role }, Number(status === "warned"));
    }
    for (const { rule, severity, state: is } of Object.values(alerts))
      if (is === "firing") its.alertFiring.inc({ service, rule, severity });
    for (const [rule, { blind, baseline }] of Object.entries(rules)) {
      if (blind) its.ruleBlind.set({ service, rule }, 1);
      if (baseline) its.ruleBaseline.set({ service, rule }, baseline.value);
    }
  }
}

/** Seconds since 1970; 0 for a moment that has not come. */
function seconds(time: string): number {
  return time === "" ? 0 : Date.parse(time) / 1000;
}
