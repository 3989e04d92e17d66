import { maintenanceOf, own, type HostState } from "@ostler/protocol";
import type { Published } from "../core/bus.js";
import { actOnPattern } from "./act-on-pattern.js";
import { backupOnSchedule } from "./backup-on-schedule.js";
import { endDebug } from "./end-debug.js";
import { enforceLimits } from "./enforce-limits.js";
import type { Decision, Policy } from "./policy.js";
import { restartUnhealthy } from "./restart-unhealthy.js";
import { runTriggered } from "./run-triggered.js";

/** Every policy there is. */
export const policies: readonly Policy[] = [
  restartUnhealthy,
  enforceLimits,
  runTriggered,
  backupOnSchedule,
  actOnPattern,
  endDebug,
];

/** What has been isolated, and what is in maintenance, is left to people. */
function mayAct({ args: { service } }: Decision, state: HostState): boolean {
  return own(state.services, service)?.isolation === undefined && maintenanceOf(state, service) === undefined;
}

/** A bus listener that hands what the policies decide to the dispatcher, after every listener has seen the event. */
export function runPolicies(decide: (decision: Decision) => void): (published: Published) => void {
  return ({ event, state }) => {
    for (const policy of policies) {
      for (const decision of policy(event, state)) if (mayAct(decision, state)) queueMicrotask(() => decide(decision));
    }
  };
}
