import { join } from "node:path";
import { archiveProgram } from "./build.js";
import { OstlerError, own, type HostState } from "@ostler/protocol";
import { taskOf } from "./config/services.js";
import type { Loaded } from "./config/load.js";
import type { Part } from "./core/assembly.js";
import type { Bus } from "./core/bus.js";
import type { Clock } from "./core/clock.js";
import type { Dispatcher } from "./core/dispatcher.js";
import { unlessAborted } from "./core/unless-aborted.js";
import type { Scope } from "./core/scope.js";
import type { ArchiveJob } from "./platform/archive/job.js";
import type { ArchiveRun } from "./platform/archive/run.js";
import type { Backups } from "./sources/backups/backups.js";
import type { BackupSlot } from "./sources/schedule/backup-times.js";
import type { OwnDirectory } from "./sources/backups/refuse-own.js";
import type { LeftTasks } from "./sources/tasks/left-tasks.js";
import type { Supervisor } from "./sources/supervisor/supervisor.js";
import { ownDirectories } from "./own-directories.js";
import type { Store } from "./store.js";

export type BackupsPartDeps = {
  bus: Bus;
  clock: Clock;
  env: NodeJS.ProcessEnv;
  store: Store;
  version: string;
  supervisor: Supervisor;
  dispatcher: Dispatcher;
  leftTasks: LeftTasks;
  /** The configuration as it is now. */
  running: () => Loaded;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** What makes backups, and the times at which they are due; loaded when the services run, because that is no part of their start. */
export async function startBackups(
  scope: Scope,
  deps: BackupsPartDeps,
): Promise<{ backups: Backups; parts: Part<Loaded>[] }> {
  const { bus, clock, env, store, version, supervisor, dispatcher, leftTasks, running, degraded, recovered } = deps;
  const [{ Backups }, { archiveEngine }, { runArchive }, { BackupTimes }, { runTask }, { resticEngine }] =
    await Promise.all([
      import("./sources/backups/backups.js"),
      import("./sources/backups/archive-engine.js"),
      import("./platform/archive/run.js"),
      import("./sources/schedule/backup-times.js"),
      import("./sources/tasks/run-task.js"),
      import("./sources/backups/restic-engine.js"),
    ]);
  const state = (): HostState => bus.state;
  const services = (): Loaded["config"]["services"] => running().config.services;
  const taskDeps = { clock, env, agentId: store.agentId, secrets: () => running().secrets };
  const ours = (): OwnDirectory[] => ownDirectories(running().config, store);
  const archives = {
    clock,
    ownDirectories: ours,
    limits: () => {
      const { backups: its, data_dir: dataDir } = running().config.agent;
      return { ...its, dir: its.dir ?? join(dataDir, "backups") };
    },
    agent: () => ({ id: store.agentId, name: state().agent.name, version }),
    configHash: () => running().hash,
    run: <J extends ArchiveJob>(job: J, how: ArchiveRun) => runArchive(job, { program: archiveProgram() }, how),
  };
  const backups = Backups.start({
    ...{ publish: bus.publish, clock, random: Math.random, state, services, degraded, recovered },
    ...{ records: store.backupRecords, drills: store.drills },
    minFreeBytes: () => running().config.agent.backups.min_free,
    ownDirectories: ours,
    engineOf: (service, set) =>
      set.engine === "restic"
        ? resticEngine(service, set, { clock, env, directory: store.restic, ownDirectories: ours })
        : archiveEngine(service, set, archives),
    runHook: async ({ service, name }, hook, { env: more = {}, cwd }, signal) => {
      const its = own(services(), service);
      const task = its && taskOf({ ...its, tasks: { [name]: hook } }, name);
      const dressed = task && { ...task, env: { ...task.env, ...more }, ...(cwd === undefined ? {} : { cwd }) };
      if (!dressed)
        throw new OstlerError(
          "not-found",
          `There is no service "${service}" any more, as which ${name} would be run: ${hook.command.join(" ")}. Run it by hand, or bring the service back.`,
        );
      // What a killed agent's program still does would come after what undoes it.
      await unlessAborted(leftTasks.ended, signal, `Waiting for the end of what was left of ${service}`);
      const { stdout } = await runTask({ service, name }, dressed, taskDeps, signal);
      return stdout;
    },
    exclusively: (service, call) => dispatcher.withService(service, call),
    stop: (service, processes, signal) => supervisor.stopThese(service, processes, signal),
    start: (service, process, signal) => supervisor.start(service, process, signal),
  });
  scope.own(backups);
  scope.own(bus.subscribe("backups", backups.follow));
  const open = ({ service, backup, doing }: BackupSlot): number =>
    dispatcher.countOpen(
      ({ name, args }) => name === `backup.${doing}` && args.service === service && args.backup === backup,
    );
  const times = scope.own(new BackupTimes(services(), { publish: bus.publish, clock, state, open }));
  times.catchUp();
  return {
    backups,
    parts: [
      { name: "backups", prepare: async (next) => backups.prepare(next.config.services) },
      { name: "backup times", prepare: async (next) => times.prepare(next.config.services) },
    ],
  };
}
