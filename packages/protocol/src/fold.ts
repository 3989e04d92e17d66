import type { Position } from "./envelope.js";
import { isHostEvent, type ForeignEvent } from "./envelope.js";
import type { EventData, HostEvent } from "./events/index.js";
import { foldAlert } from "./fold-alert.js";
import { foldBackup } from "./fold-backup.js";
import { acceptCommand, finishCommand } from "./fold-command.js";
import { foldPattern } from "./fold-pattern.js";
import {
  countEnd,
  exceed,
  failStart,
  onlyOfRun,
  recover,
  schedule,
  withoutCrashes,
  withoutLimits,
  withoutStartFailure,
  withType,
} from "./fold-process.js";
import { own, without } from "./own.js";
import { baseName } from "./readiness.js";
import { type CheckState, type HostState, type Maintenance, type ProcessState, type ServiceState } from "./state.js";
import { after } from "./time.js";

/**
 * The next state. Pure, and shares what did not change, so that two states can be compared by reference.
 * Events must come in order; a foreign event only moves `seq`.
 */
export function fold(state: HostState, event: HostEvent | ForeignEvent, { epoch, seq, time }: Position): HostState {
  const at = { ...state, epoch, seq };
  return isHostEvent(event) ? apply(at, event, time) : at;
}

function apply(state: HostState, event: HostEvent, time: string): HostState {
  switch (event.type) {
    case "agent.started":
      return startAgent(state, event.data, time);
    case "agent.degraded":
      return withDegraded(state, { ...state.agent.degraded, [event.data.part]: event.data.reason });
    case "agent.recovered":
      return withDegraded(state, without(state.agent.degraded, event.data.part));
    case "config.applied":
      return { ...state, config: { hash: event.data.hash, file: event.data.file, appliedAt: time } };
    case "config.rejected":
      return { ...state, config: { ...state.config, rejected: { at: time, problems: event.data.problems } } };
    case "service.configured":
      return configureService(state, event.data, time);
    case "service.removed":
      return { ...state, services: without(state.services, event.data.service) };
    case "service.started":
    case "service.adopted":
    case "service.restarted":
      return withService(state, event.data.service, (service) => beginRun(service, event, time));
    case "service.signalled": {
      const { run, pid } = event.data;
      return withProcess(state, event.data, ({ phase, ...rest }) => {
        const startTicks = "startTicks" in phase ? phase.startTicks : 0;
        const since = phase.name === "stopping" ? phase.since : time;
        return { ...rest, phase: { name: "stopping", run, pid, startTicks, since } };
      });
    }
    case "service.exited": {
      const { run, exit, cause, likely, uptimeMs, expected } = event.data;
      const lastExit = { at: time, run, exit, cause, ...(likely ? { likely } : {}), uptimeMs, expected };
      return withProcess(state, event.data, (process) => ({
        ...withoutLimits(countEnd(process, { cause, expected }, time)),
        phase: { name: "exited", run },
        lastExit,
      }));
    }
    case "service.start-failed":
      return withProcess(state, event.data, (process) => failStart(process, event.data, time));
    case "service.crash-looped": {
      const { because } = event.data;
      return withProcess(state, event.data, (process) => ({ ...process, crashLoop: { since: time, because } }));
    }
    case "service.settled": {
      const settled = { at: time, run: event.data.run, config: state.config.hash };
      return withProcess(state, event.data, (process) => ({ ...withoutCrashes(process), settled }));
    }
    case "service.notified": {
      const notified = { run: event.data.run, at: time };
      return withProcess(state, event.data, (process) => ({ ...process, notified }));
    }
    case "service.marker-seen":
    case "service.marker-missed": {
      const { run, match } = event.data;
      const marker = { run, match, seen: event.type === "service.marker-seen", at: time };
      return withProcess(state, event.data, (process) => ({ ...process, marker }));
    }
    case "service.limit-exceeded":
      return withProcess(state, event.data, (process) => exceed(process, event.data, time));
    case "service.limit-recovered":
      return withProcess(state, event.data, (process) => recover(process, event.data.watch));
    case "service.delayed": {
      const { attempt, delayMs, because } = event.data;
      const until = after(time, delayMs);
      return withPhase(state, event.data, { name: "waiting", attempt, until, because, ...ruleOf(event.data) });
    }
    case "service.deferred":
      return withPhase(state, event.data, { name: "deferred", awaits: event.data.awaits });
    case "service.scheduled": {
      const { next } = event.data;
      return withProcess(state, event.data, (process) => schedule(process, next));
    }
    case "service.triggered": {
      const { due: lastDue, next } = event.data;
      const schedule = { ...(next === undefined ? {} : { next }), lastDue };
      return withProcess(state, event.data, (its) => ({ ...its, schedule }));
    }
    case "service.stopped":
      return withProcess(state, event.data, (process) => ({
        ...withoutStartFailure(withoutCrashes(process)),
        phase: { name: "stopped" },
      }));
    case "service.completed":
      return withPhase(state, event.data, { name: "completed", ...ruleOf(event.data) });
    case "service.gave-up":
      return withPhase(state, event.data, { name: "gave-up", reason: event.data.reason, ...ruleOf(event.data) });
    case "service.isolated": {
      const { actor: by, reason, processes } = event.data;
      return withService(state, event.data.service, (service) => ({
        ...service,
        isolation: { by, at: time, reason, processes },
      }));
    }
    case "service.scaled": {
      const { service, process, instances, configured } = event.data;
      return withService(state, service, (its) => ({
        ...its,
        scale: { ...its.scale, [process]: { instances, configured } },
      }));
    }
    case "service.released":
      return withService(state, event.data.service, release);
    case "maintenance.began": {
      const { service, actor: by, reason, forMs } = event.data;
      const maintenance = { by, since: time, until: after(time, forMs), reason };
      return service === undefined
        ? { ...state, maintenance }
        : withService(state, service, (its) => ({ ...its, maintenance }));
    }
    case "maintenance.ended":
      return event.data.service === undefined
        ? withoutMaintenance(state)
        : withService(state, event.data.service, withoutMaintenance);
    case "debug.began": {
      const { service, actor: by, reason, forMs } = event.data;
      const debug = { by, since: time, until: after(time, forMs), reason };
      return withService(state, service, (its) => ({ ...its, debug }));
    }
    case "debug.expired":
      return withService(state, event.data.service, (its) =>
        its.debug ? { ...its, debug: { ...its.debug, isOver: true } } : its,
      );
    case "debug.ended":
      return withService(state, event.data.service, withoutDebug);
    case "service.ready":
      return withService(state, event.data.service, (service) => ({ ...service, ready: true, since: time }));
    case "service.unready":
      return withService(state, event.data.service, (service) => ({ ...service, ready: false, since: time }));
    case "alert.pending":
    case "alert.fired":
    case "alert.resolved":
    case "rule.blinded":
    case "rule.restored":
    case "rule.baselined":
    case "rule.removed":
      return withService(state, event.data.service, (service) => foldAlert(service, event, time));
    case "pattern.matched":
    case "pattern.missed":
    case "pattern.removed":
      return withService(state, event.data.service, (service) => foldPattern(service, event, time));
    case "backup.scheduled":
    case "backup.triggered":
    case "backup.missed":
    case "backup.began":
    case "backup.progressed":
    case "backup.created":
    case "backup.copied":
    case "backup.verified":
    case "backup.damaged":
    case "backup.pruned":
    case "backup.restored":
    case "backup.drilled":
    case "backup.failed":
    case "backup.interrupted":
    case "backup.removed":
      return withService(state, event.data.service, (service) => foldBackup(service, event, time));
    case "host.inventoried":
      return { ...state, host: event.data.inventory };
    case "check.passed":
      return withCheck(state, event.data, { status: "passed", since: time });
    case "check.warned":
      return withCheck(state, event.data, { status: "warned", reason: event.data.reason, since: time });
    case "check.failed": {
      return withCheck(state, event.data, { status: "failed", reason: event.data.reason, since: time });
    }
    case "command.accepted":
      return acceptCommand(state, event.data, time);
    case "command.finished":
      return finishCommand(state, event.data);
    case "controller.connected": {
      const { controller, direction } = event.data;
      return withController(state, controller, { connected: true, direction, since: time });
    }
    case "controller.disconnected": {
      const { controller, direction, reason } = event.data;
      if (direction === "inbound") return { ...state, controllers: without(state.controllers, controller) };
      return withController(state, controller, { connected: false, direction, since: time, reason });
    }
    case "controller.unreachable": {
      const { controller, reason } = event.data;
      return withController(state, controller, { connected: false, direction: "outbound", since: time, reason });
    }
    case "agent.stopped":
    case "agent.faulted":
    case "service.crashed":
    case "service.run-missed":
    case "service.overlapped":
    case "service.killed":
    case "service.output-lost":
    case "command.rejected":
    case "task.interrupted":
    case "controller.faulted":
    case "pattern.suppressed":
    case "log.gapped":
    case "journal.gapped":
      return state;
    default:
      return event satisfies never;
  }
}

/** A new agent process knows its services only by what it finds: connections are gone, and every check has to pass anew. */
function startAgent(state: HostState, data: EventData<"agent.started">, time: string): HostState {
  const { agentId, name, version, session, bootId, labels } = data;
  const services = Object.entries(state.services).map(([key, service]): [string, ServiceState] => [
    key,
    {
      ...service,
      ready: false,
      since: service.ready ? time : service.since,
      checks: pending(service.checks),
    },
  ]);
  return {
    ...state,
    agent: { id: agentId, name, version, session, bootId, startedAt: time, labels, degraded: {} },
    services: Object.fromEntries(services),
    controllers: {},
  };
}

function configureService(state: HostState, data: EventData<"service.configured">, time: string): HostState {
  const before = own(state.services, data.service);
  const processes = data.processes.map((name): [string, ProcessState] => {
    const known = before && own(before.processes, name);
    const process: ProcessState = known ?? { phase: { name: "stopped" }, restarts: 0, crashes: [] };
    return [name, withType(process, data.types && own(data.types, name))];
  });
  const checks = data.checks.map(({ name, role, process }): [string, CheckState] => {
    const known = before && own(before.checks, name);
    const about = process === undefined ? {} : { process };
    return [name, known?.role === role && known.process === process ? known : { role, status: "pending", ...about }];
  });
  const service: ServiceState = {
    ...(before ?? { ready: false, since: time, alerts: {}, rules: {} }),
    processes: Object.fromEntries(processes),
    checks: Object.fromEntries(checks),
  };
  if (data.attached) service.attached = data.attached;
  else delete service.attached;
  return { ...state, services: { ...state.services, [data.service]: service } };
}

type RunBegun = Extract<HostEvent, { type: "service.started" | "service.restarted" | "service.adopted" }>;

function withoutMaintenance<T extends { maintenance?: Maintenance | undefined }>(of: T): T {
  const { maintenance, ...rest } = of;
  return maintenance ? (rest as T) : of;
}

function withoutDebug(service: ServiceState): ServiceState {
  const { debug, ...rest } = service;
  return debug ? rest : service;
}

function release(service: ServiceState): ServiceState {
  const { isolation, ...rest } = service;
  return isolation ? rest : service;
}

/** A new run makes worthless what was found out about its process, and, of a daemon, about the service. */
function beginRun(service: ServiceState, { type, data }: RunBegun, time: string): ServiceState {
  const before = own(service.processes, data.process);
  if (!before) return service;
  const { run, pid, startTicks } = data;
  const process = onlyOfRun(withoutStartFailure(withoutLimits(before)), run);
  const since = type === "service.adopted" ? after(time, -data.uptimeMs) : time;
  const restarted = type === "service.restarted";
  const byHand = type === "service.started" || (restarted && data.attempt === 0);
  const next: ProcessState = {
    ...(byHand ? withoutCrashes(process) : process),
    phase: { name: "running", run, pid, startTicks, since },
    restarts: process.restarts + (restarted ? 1 : 0),
    ...(restarted ? { lastRestart: { at: time, because: data.because } } : {}),
  };
  const isMeant = ({ process: about }: CheckState): boolean =>
    about === undefined ? before.type === undefined : about === data.process || about === baseName(data.process);
  const isSame = type === "service.adopted" && before.phase.name === "running" && before.phase.run === run;
  const checks = Object.entries(service.checks).map(([name, check]) => [
    name,
    isMeant(check) && !(isSame && hasStarted(check)) ? unknown(check) : check,
  ]);
  return {
    ...service,
    processes: { ...service.processes, [data.process]: next },
    checks: Object.fromEntries(checks) as ServiceState["checks"],
  };
}

/** Absent in the events of earlier versions. */
function ruleOf<R>({ rule }: { rule?: R | undefined }): { rule?: R } {
  return rule === undefined ? {} : { rule };
}

function withDegraded(state: HostState, degraded: Record<string, string>): HostState {
  return { ...state, agent: { ...state.agent, degraded } };
}

/** Changes a service that is known; an event about one that is not (removed meanwhile) changes nothing. */
function withService(state: HostState, name: string, change: (service: ServiceState) => ServiceState): HostState {
  const before = own(state.services, name);
  return before ? { ...state, services: { ...state.services, [name]: change(before) } } : state;
}

function withProcess(
  state: HostState,
  of: { service: string; process: string },
  change: (process: ProcessState) => ProcessState,
): HostState {
  return withService(state, of.service, (service) => {
    const before = own(service.processes, of.process);
    return before ? { ...service, processes: { ...service.processes, [of.process]: change(before) } } : service;
  });
}

function withPhase(
  state: HostState,
  of: { service: string; process: string },
  phase: ProcessState["phase"],
): HostState {
  return withProcess(state, of, (process) => ({ ...process, phase }));
}

function withCheck(
  state: HostState,
  { service, check, role }: { service: string; check: string; role: CheckState["role"] },
  verdict: Omit<CheckState, "role" | "process">,
): HostState {
  return withService(state, service, (before) => {
    const known = own(before.checks, check);
    if (!known) return before;
    const about = known.process === undefined ? {} : { process: known.process };
    return { ...before, checks: { ...before.checks, [check]: { role, ...verdict, ...about } } };
  });
}

function withController(state: HostState, name: string, next: HostState["controllers"][string]): HostState {
  return { ...state, controllers: { ...state.controllers, [name]: next } };
}

/** What a new agent knows of the checks: nothing, but that whoever had started has started. */
function pending(checks: Record<string, CheckState>): Record<string, CheckState> {
  return Object.fromEntries(
    Object.entries(checks).map(([name, check]) => [name, hasStarted(check) ? check : unknown(check)]),
  );
}

function hasStarted({ role, status }: CheckState): boolean {
  return role === "startup" && (status === "passed" || status === "warned");
}

function unknown({ role, process }: CheckState): CheckState {
  return { role, status: "pending", ...(process === undefined ? {} : { process }) };
}
