import type { HostState } from "@ostler/protocol";
import { beginMaintenance } from "./commands/begin-maintenance.js";
import { baselineRule } from "./commands/baseline-rule.js";
import { beginDebug } from "./commands/begin-debug.js";
import { createBackup } from "./commands/create-backup.js";
import { drillBackup } from "./commands/drill-backup.js";
import { endDebug } from "./commands/end-debug.js";
import { endMaintenance } from "./commands/end-maintenance.js";
import { isolateService } from "./commands/isolate-service.js";
import { planConfig } from "./commands/plan-config.js";
import { pruneBackups } from "./commands/prune-backups.js";
import { restoreBackup } from "./commands/restore-backup.js";
import { verifyBackup } from "./commands/verify-backup.js";
import { releaseService } from "./commands/release-service.js";
import { reloadConfig } from "./commands/reload-config.js";
import { restartService } from "./commands/restart-service.js";
import { runCheck } from "./commands/run-check.js";
import { runScheduled } from "./commands/run-scheduled.js";
import { runTask } from "./commands/run-task.js";
import { scaleService } from "./commands/scale-service.js";
import { startService } from "./commands/start-service.js";
import { stopService } from "./commands/stop-service.js";
import { effective } from "./config/effective.js";
import type { Publish } from "./core/bus.js";
import type { Clock } from "./core/clock.js";
import type { Handlers } from "./core/dispatcher.js";
import type { Backups } from "./sources/backups/backups.js";
import type { Checks } from "./sources/checks/checks.js";
import type { DebugWatch } from "./sources/debug/debug.js";
import type { MaintenanceWatch } from "./sources/maintenance/maintenance.js";
import type { Markers } from "./sources/markers/markers.js";
import type { Reload } from "./sources/reload/reload.js";
import type { Rules } from "./sources/rules/rules.js";
import type { Supervisor } from "./sources/supervisor/supervisor.js";
import { startsAnew } from "./services-part.js";
import type { LeftTasks } from "./sources/tasks/left-tasks.js";

export type Hands = {
  publish: Publish;
  state: () => HostState;
  clock: Clock;
  env: NodeJS.ProcessEnv;
  agentId: string;
  supervisor: Supervisor;
  checks: Checks;
  markers: Markers;
  rules: Rules;
  maintenance: MaintenanceWatch;
  debug: DebugWatch;
  leftTasks: LeftTasks;
  backups: () => Promise<Backups>;
  reload: Reload;
};

/** What carries out each command there is. */
export function handlersOf(hands: Hands): Handlers {
  const { publish, state, supervisor, checks, markers, rules, maintenance, leftTasks, backups, reload } = hands;
  const services = (): typeof reload.running.config.services => reload.running.config.services;
  const debug = {
    watch: hands.debug,
    services,
    apply: async (service: string, signal: AbortSignal) => {
      const next = effective(services(), state());
      const isOther = startsAnew(supervisor.services, next);
      await supervisor.reconfigure(next, (slot) => slot.service === service && isOther(slot), signal);
    },
  };
  return {
    "service.start": startService(supervisor, state),
    "service.stop": stopService(supervisor),
    "service.restart": restartService(supervisor, state),
    "service.run": runScheduled(supervisor, state),
    "service.scale": scaleService({
      publish,
      state,
      services,
      apply: async (service, process, signal) => {
        const next = effective(services(), state());
        await supervisor.reconfigure(next, () => false, signal);
        checks.reconfigure(next);
        await markers.prepare(next).commit(signal);
        await supervisor.settled(service, process, signal);
      },
    }),
    "service.isolate": isolateService(supervisor, { publish, state }),
    "service.release": releaseService(supervisor, { publish, state }),
    "check.run": runCheck(checks),
    "rule.baseline": baselineRule(rules),
    "maintenance.on": beginMaintenance(maintenance),
    "maintenance.off": endMaintenance(maintenance),
    "debug.on": beginDebug(debug),
    "debug.off": endDebug(debug),
    "task.run": runTask({
      services,
      left: leftTasks,
      secrets: () => reload.running.secrets,
      agentId: hands.agentId,
      env: hands.env,
      clock: hands.clock,
    }),
    "backup.create": createBackup(backups),
    "backup.verify": verifyBackup(backups),
    "backup.restore": restoreBackup(backups),
    "backup.drill": drillBackup(backups),
    "backup.prune": pruneBackups(backups),
    "config.reload": reloadConfig(reload),
    "config.plan": planConfig(reload),
  };
}
