import { randomBytes, randomUUID } from "node:crypto";
import { hostname, totalmem } from "node:os";
import {
  isEventType,
  isHostEvent,
  maintenanceOf,
  messageOf,
  OstlerError,
  own,
  typePrefix,
  type ForeignEvent,
  type HostState,
} from "@ostler/protocol";
import { buildInfo, inventoryProgram } from "./build.js";
import { effective } from "./config/effective.js";
import type { Loaded } from "./config/load.js";
import { wantedNumbers } from "./config/metrics.js";
import { processesOf } from "./config/services.js";
import { redacted } from "./config/redact.js";
import type { Part } from "./core/assembly.js";
import { Bus } from "./core/bus.js";
import { systemClock } from "./core/clock.js";
import { Dispatcher, type CommandResult } from "./core/dispatcher.js";
import { Cursors } from "./core/journal/cursors.js";
import { Journal } from "./core/journal/journal.js";
import type { LogQuery } from "./core/log-query.js";
import { Pulse } from "./core/pulse.js";
import { Scope } from "./core/scope.js";
import { lockAgent } from "./platform/agent-lock.js";
import { bootId } from "./platform/proc.js";
import { allSpools } from "./platform/spool.js";
import { marksLeft } from "./platform/tree.js";
import { handlersOf } from "./handlers.js";
import { startBackups } from "./backups-part.js";
import { startPatterns } from "./patterns-part.js";
import { openStore } from "./store.js";
import { runPolicies } from "./policies/policies.js";
import { Checks } from "./sources/checks/checks.js";
import { forwardedOf } from "./sources/logs/forwarded.js";
import { halfRestoredInWords, settleRestores } from "./sources/backups/half-restored.js";
import { readLogs } from "./sources/logs/logs.js";
import type { NamedLog } from "./sources/logs/plans.js";
import { OutputKeeper } from "./sources/logs/output-keeper.js";
import { OutputTimes } from "./sources/logs/output-times.js";
import { Markers } from "./sources/markers/markers.js";
import { MaintenanceWatch } from "./sources/maintenance/maintenance.js";
import { DebugWatch } from "./sources/debug/debug.js";
import { Host } from "./sources/host/host.js";
import { InventoryWatch } from "./sources/host/inventory.js";
import { Dossier } from "./sources/dossier/dossier.js";
import { SettledRuns } from "./sources/dossier/settled-runs.js";
import { readinessWatch } from "./sources/readiness/readiness.js";
import { Reload } from "./sources/reload/reload.js";
import { Rules, type RulesConfig } from "./sources/rules/rules.js";
import { Scrape } from "./sources/scrape/scrape.js";
import { Schedules } from "./sources/schedule/schedules.js";
import { Supervisor } from "./sources/supervisor/supervisor.js";
import { LeftTasks } from "./sources/tasks/left-tasks.js";
import { Usage } from "./sources/usage/usage.js";
import { Watches } from "./sources/usage/watches.js";
import { Http, socketPathIn } from "./sinks/http/http.js";
import { Log } from "./sinks/log/log.js";
import { Metrics } from "./sinks/metrics/metrics.js";
import { SystemdNotifier } from "./sinks/systemd/notify.js";
import { servicesPart } from "./services-part.js";

/** A running agent. Disposing it leaves the services running. */
export type Agent = AsyncDisposable & {
  readonly state: HostState;
  /** Where its TCP listeners are. */
  readonly urls: { main?: string; probes?: string };
  readonly socketPath: string;
  /** What SIGHUP does; the result says what came of it. Never rejects. */
  reload(actor: string): Promise<CommandResult>;
  /** Publishes an event of the program around the agent. @throws OstlerError `not-permitted` for one of Ostler's own types */
  publish(event: ForeignEvent): void;
  /** Tells of a fault that nobody caught. */
  report(part: string, reason: string): void;
  /** Ends in good order, and says why in the journal. */
  stop(reason: string): Promise<void>;
};

/**
 * Puts everything together, and alone knows everybody. Listeners first, so that nobody misses the first event; then the
 * services, because they are why we are here; then whoever wants to look at them.
 * @throws OstlerError when the host does not allow any of it
 */
export async function startAgent(loaded: Loaded, env: NodeJS.ProcessEnv = process.env): Promise<Agent> {
  const scope = new Scope();
  try {
    return await assemble(loaded, env, scope);
  } catch (failure) {
    await scope[Symbol.asyncDispose]();
    throw failure;
  }
}

async function assemble(loaded: Loaded, env: NodeJS.ProcessEnv, scope: Scope): Promise<Agent> {
  const { config } = loaded;
  const clock = systemClock;
  const random = Math.random;
  const startedMs = clock.monotonic();
  const build = buildInfo();

  const store = await openStore(config.agent);
  scope.own(lockAgent(store.runDir));

  // What happens before there is a bus is told as soon as there is one.
  const degraded = (part: string, reason: string): void =>
    void bus.publish({ type: "agent.degraded", data: { part, reason } });
  const recovered = (part: string): void => void bus.publish({ type: "agent.recovered", data: { part } });

  const {
    journal,
    state: previous,
    lost,
  } = await Journal.open({
    disk: store.journal,
    limits: { maxBytes: config.agent.journal.max_size, maxAgeMs: config.agent.journal.max_age },
    clock,
    newEpoch: () => randomBytes(6).toString("hex"),
    sample: (sample) => bus.sample(sample),
    degraded: (reason) => degraded("journal", reason),
    recovered: () => recovered("journal"),
  });
  scope.own(journal);
  const cursors = scope.own(
    await Cursors.open({ disk: store.cursors, clock, degraded: (reason) => degraded("cursors", reason) }),
  );
  const bus = new Bus({ state: previous, agentId: store.agentId, clock });
  const pulse = new Pulse(clock);

  const metrics = scope.own(new Metrics({ state: () => bus.state, journal: () => journal, version: build.version }));
  const log = scope.own(Log.open(config.agent.log, { clock, env, secrets: () => reload.running.secrets }));
  const parts: Part<Loaded>[] = [];
  const reload = new Reload(loaded, { publish: bus.publish, env, parts });

  scope.own(bus.subscribe("journal", journal.record));
  scope.own(bus.subscribe("log", log.follow));
  scope.own(bus.subscribe("metrics", metrics.follow));
  scope.own(bus.onSample("metrics", metrics.take));
  scope.own(bus.onSample("log", log.take));
  scope.own(bus.subscribe("readiness", readinessWatch(bus.publish)));
  const settledRuns = scope.own(
    new SettledRuns(store.settledRuns, {
      degraded: (reason) => degraded("dossier", reason),
      recovered: () => recovered("dossier"),
    }),
  );
  const dossier = scope.own(
    new Dossier({
      publish: bus.publish,
      clock,
      spools: store.spools,
      cwdOf: ({ service, process }) => {
        const its = own(supervisor.services, service);
        if (its?.attach) return "/"; // Where systemd and daemons are, unless they say otherwise.
        return its && own(processesOf(its), process)?.cwd;
      },
      outputOf: (slot, run) => supervisor.outputOf(slot, run),
      peaksOf: (slot) => usage.peaksOf(slot),
      begunOf: (slot, run) => supervisor.begunOf(slot, run),
      settledRuns,
      secrets: () => reload.running.secrets,
    }),
  );
  scope.own(bus.subscribe("dossier", dossier.follow));
  bus.publish({
    type: "agent.started",
    data: {
      agentId: store.agentId,
      name: config.agent.name ?? hostname(),
      version: build.version,
      node: process.version,
      pid: process.pid,
      session: randomUUID(),
      bootId: bootId(),
      labels: config.agent.labels,
    },
  });
  bus.publish({ type: "config.applied", data: { file: loaded.file, hash: loaded.hash, changes: [] } });
  for (const { from, to, reason } of lost)
    bus.publish({ type: "journal.gapped", data: { from, to, count: to - from + 1, reason } });
  for (const { part, reason } of store.problems) degraded(part, reason);

  const maintenance = scope.own(new MaintenanceWatch({ publish: bus.publish, state: () => bus.state, clock }));
  const debug = scope.own(new DebugWatch({ publish: bus.publish, state: () => bus.state, clock }));
  const rules = scope.own(
    Rules.start(rulesIn(config), {
      publish: bus.publish,
      clock,
      state: () => bus.state,
      look: metrics.look,
      degraded,
      recovered,
    }),
  );
  await settleRestores(store.backupRecords);
  const services = effective(config.services, bus.state);
  const spoolsBefore = allSpools(store.spools);
  const left = marksLeft(store.agentId);
  const schedules = scope.own(new Schedules(services, { publish: bus.publish, clock, state: () => bus.state }));
  const supervisor = scope.own(
    Supervisor.start(services, {
      publish: bus.publish,
      clock,
      random,
      env,
      pulse,
      heldMs: (service) => {
        const on = maintenanceOf(bus.state, service);
        return on && Date.parse(on.until) - clock.now();
      },
      isIsolated: (service) => own(bus.state.services, service)?.isolation !== undefined,
      unfit: (service) => halfRestoredInWords(store.backupRecords, service),
      previous,
      runsLeft: left.runs,
      state: () => bus.state,
      nextRunMs: (slot) => schedules.nextMs(slot),
      agentId: store.agentId,
      runDir: store.runDir,
      spools: store.spools,
      subscribe: (follow) => bus.subscribe("supervisor", follow),
      secrets: () => reload.running.secrets,
      degraded: (reason) => degraded("supervisor", reason),
      attached: { degraded, recovered },
    }),
  );
  scope.own(
    bus.subscribe("maintenance", ({ event }) => {
      if (isHostEvent(event) && event.type === "maintenance.ended") supervisor.endHold(event.data.service);
    }),
  );
  const checks = scope.own(
    new Checks(services, {
      publish: bus.publish,
      sample: bus.sample,
      clock,
      state: () => bus.state,
      random,
      pidsOf: (slot) => supervisor.pidsOf(slot),
      usageOf: (slot) => usage.last(slot),
      look: metrics.look,
      spools: store.spools,
    }),
  );
  scope.own(bus.subscribe("checks", checks.follow));
  const markers = scope.own(
    new Markers(services, {
      publish: bus.publish,
      clock,
      state: () => bus.state,
      spools: store.spools,
      outputOf: (slot, run) => supervisor.outputOf(slot, run)?.from,
      secrets: () => reload.running.secrets,
    }),
  );
  scope.own(bus.subscribe("markers", markers.follow));
  const usage = scope.own(
    Usage.start(config.agent.usage, {
      sample: bus.sample,
      clock,
      state: () => bus.state,
      pidsOfUnit: (slot) => supervisor.pidsOf(slot),
      degraded: (reason) => degraded("usage", reason),
      recovered: () => recovered("usage"),
    }),
  );
  scope.own(bus.subscribe("usage", usage.follow));
  const scrape = scope.own(
    new Scrape(config.services, {
      sample: bus.sample,
      clock,
      random,
      state: () => bus.state,
      spools: store.spools,
      degraded,
      recovered,
    }),
  );
  scope.own(bus.subscribe("scrape", scrape.follow));
  const watches = new Watches(config.services, {
    publish: bus.publish,
    clock,
    state: () => bus.state,
    hostBytes: totalmem,
  });
  scope.own(bus.onSample("watches", watches.take));
  const times = new OutputTimes(store.outputTimes);
  scope.own(
    new OutputKeeper(store.spools, {
      clock,
      times,
      limits: () => {
        const { max_size: maxBytes, max_total: maxTotalBytes } = reload.running.config.agent.output;
        return { maxBytes, maxTotalBytes };
      },
      forwarded: () => forwardedOf(reload.running.config.services),
      sample: bus.sample,
      lost: (file, reason) => degraded(`output ${file}`, reason),
    }),
  );

  const host = scope.own(
    Host.start(config.agent.host, {
      sample: bus.sample,
      clock,
      degraded: (reason) => degraded("host", reason),
      recovered: () => recovered("host"),
    }),
  );
  if (config.agent.host.inventory)
    scope.own(
      InventoryWatch.start({
        publish: bus.publish,
        clock,
        state: () => bus.state,
        program: inventoryProgram(),
        degraded: (reason) => degraded("inventory", reason),
        recovered: () => recovered("inventory"),
      }),
    );
  const leftTasks = scope.own(new LeftTasks({ publish: bus.publish, clock, marks: left.tasks }));
  const dispatcher = scope.own(
    new Dispatcher(
      handlersOf({
        publish: bus.publish,
        state: () => bus.state,
        ...{ clock, env, agentId: store.agentId },
        ...{ supervisor, checks, markers, rules, maintenance, debug, leftTasks, reload },
        backups: () => backups.then((its) => its.backups),
      }),
      { publish: bus.publish, state: () => bus.state, synced: (seq) => journal.synced(seq), clock },
    ),
  );
  const admin = { scopes: ["admin" as const] };
  scope.own(
    bus.subscribe(
      "policies",
      runPolicies(({ policy, name, args, reason }) => {
        const actor = { kind: "policy" as const, name: policy };
        void dispatcher.dispatch({ id: randomUUID(), name, args, actor, authority: admin, reason });
      }),
    ),
  );

  schedules.catchUp();
  debug.resume();

  const logFilesOf = (service: string): NamedLog[] =>
    (own(reload.running.config.services, service)?.logs ?? []).flatMap(({ name, file: paths, format }) =>
      paths ? [{ source: name, paths, format }] : [],
    );
  const logs = (query: LogQuery, signal: AbortSignal): ReturnType<typeof readLogs> =>
    readLogs(query, { spools: store.spools, times, state: () => bus.state, files: logFilesOf, clock }, signal);
  const backups = startBackups(scope, {
    ...{ bus, clock, env, store, version: build.version, supervisor, dispatcher, leftTasks, degraded, recovered },
    running: () => reload.running,
  });
  backups.catch(() => undefined); // Whoever awaits it below is told.
  scope.onClose(() => Promise.allSettled([backups]).then(() => undefined)); // What it opens is closed, also where the start fails meanwhile.
  const socketPath = socketPathIn(store.runDir);
  const http = scope.own(
    await Http.start(config.http, socketPath, {
      clock,
      state: () => bus.state,
      journal,
      dispatcher,
      metrics: (accept) => metrics.render(accept),
      overdue: () => pulse.overdue(),
      redactedConfig: () => redacted(reload.running),
      logs,
      backups: async (signal) => (await backups).backups.list(undefined, signal),
      usage: (service) => usage.of(service),
      push: (pushed) => checks.push(pushed),
      numbers: (service) => {
        const its = own(reload.running.config.services, service);
        const names = its ? wantedNumbers(its.metrics) : [];
        return Object.fromEntries(names.map((name) => [name, metrics.look(name, service)]));
      },
      uptimeSeconds: () => Math.round((clock.monotonic() - startedMs) / 1000),
      build,
      sample: bus.sample,
      upgrade: (...request) => controllers.upgrade(...request),
      degraded,
      recovered,
    }),
  );
  // Loaded when the services run and are seen: WebSocket and TLS are a good part of the start.
  const { Controllers } = await import("./sinks/controllers/controllers.js");
  const controllers = scope.own(
    new Controllers(config.controllers, {
      publish: bus.publish,
      clock,
      random,
      state: () => bus.state,
      journal,
      cursors,
      dispatcher,
      logs,
      lagMs: () => metrics.lagMs,
    }),
  );
  const patterns = await startPatterns(loaded, scope, {
    ...{ bus, clock, journal, store, spoolsBefore, degraded, recovered },
    lastSeq: previous.seq,
    secrets: () => reload.running.secrets,
  });
  parts.push(...(await backups).parts);
  parts.push(
    { name: "log", prepare: async (next) => log.prepare(next.config.agent.log) },
    { name: "http", prepare: (next) => http.prepare(next.config.http) },
    { name: "schedules", prepare: async (next) => schedules.prepare(next.config.services) },
    { name: "rules", prepare: async (next) => rules.prepare(rulesIn(next.config)) },
    servicesPart({ supervisor, checks, env, state: () => bus.state }),
    { name: "markers", prepare: async (next) => markers.prepare(effective(next.config.services, bus.state)) },
    patterns,
    { name: "host", prepare: async (next) => host.prepare(next.config.agent.host) },
    { name: "usage", prepare: async (next) => usage.prepare(next.config.agent.usage) },
    { name: "scrape", prepare: async (next) => scrape.prepare(next.config.services) },
    { name: "watches", prepare: async (next) => watches.prepare(next.config.services) },
    { name: "controllers", prepare: async (next) => controllers.prepare(next.config.controllers) },
  );
  const notifier = scope.own(
    new SystemdNotifier({
      env,
      clock,
      overdue: () => pulse.overdue(),
      failed: (reason) => degraded("systemd", reason),
    }),
  );
  notifier.ready(`looking after ${Object.keys(config.services).join(", ") || "nothing yet"}`);

  return {
    get state() {
      return bus.state;
    },
    get urls() {
      return http.urls;
    },
    socketPath,
    reload: (name) => {
      const actor = { kind: "signal" as const, name };
      return dispatcher
        .run({ id: randomUUID(), name: "config.reload", args: {}, actor, authority: admin })
        .catch((failure: unknown) => ({
          outcome: "failed" as const,
          message: messageOf(failure),
          lastSeq: bus.state.seq,
        }));
    },
    publish: (event) => void bus.publish(refuseOurs(event)),
    report: (part, reason) => void bus.publish({ type: "agent.faulted", data: { part, reason } }),
    stop: async (reason) => {
      bus.publish({ type: "agent.stopped", data: { reason } });
      await scope[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: async () => {
      await scope[Symbol.asyncDispose]();
    },
  };
}

function rulesIn({ agent, services }: Loaded["config"]): RulesConfig {
  return { everyMs: agent.rules.every, services };
}

/** What the agent says of itself and its services is the agent's to say. */
function refuseOurs(event: ForeignEvent): ForeignEvent {
  if (!isEventType(event.type) && !event.type.startsWith(typePrefix)) return event;
  throw new OstlerError("not-permitted", `${event.type} is one of Ostler's own events. Give yours another first word.`);
}
