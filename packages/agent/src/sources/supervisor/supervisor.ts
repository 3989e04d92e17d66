import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  baseName,
  isHostEvent,
  messageOf,
  notFound,
  OstlerError,
  own,
  processUnreadyReasons,
  type Awaited,
  type EventData,
  type HostState,
  type ProcessType,
} from "@ostler/protocol";
import { attachedTo, ownerOf } from "../../config/attach.js";
import { checksOf, processesOf, type ServiceConfig } from "../../config/services.js";
import { restartConfig } from "../../config/restart.js";
import { typeOf } from "../../config/processes.js";
import { stopConfig } from "../../config/stop.js";
import type { Published } from "../../core/bus.js";
import type { Pulse } from "../../core/pulse.js";
import { findExecutable } from "../../platform/executable.js";
import { OomWatch } from "../../platform/oom.js";
import { bootId, isAlive } from "../../platform/proc.js";
import type { SpoolRange } from "../../platform/spool.js";
import { marksLeft } from "../../platform/tree.js";
import { newStop } from "../../core/stop.js";
import { attach, type AttachDeps } from "./attached/attach.js";
import { Systemctl } from "./attached/systemctl.js";
import { awaitedBy, awaitsOf, dependentsOf, inOrder, withAwaited } from "./in-order.js";
import { keeperLives, readNote } from "./keeper.js";
import type { Begun } from "./launch.js";
import type { Restart } from "./machine.js";
import type { Managed } from "./managed.js";
import { SupervisedProcess, type ProcessDeps, type ProcessSpec } from "./process.js";
import { RecordWatch } from "./record-watch.js";
import { allMarks, claim, makeDirectory, marksOf, readSlot, runPrefix, type Slot } from "./records.js";
import { recover, type Recovery } from "./recovery.js";

export type SupervisorDeps = Omit<ProcessDeps, "records" | "setsid" | "oom" | "awaits"> & {
  runDir: string;
  state: () => HostState;
  /** What the journal knew before this agent started. */
  previous: HostState;
  pulse: Pulse;
  /** The bus; the supervisor listens to when its services are ready. */
  subscribe: (follow: (published: Published) => void) => Disposable;
  /** A service that nobody may start. Who asks for a start by name is refused before it comes to this room. */
  isIsolated: (service: string) => boolean;
  degraded: (reason: string) => void;
  /** What those need that have another owner. */
  attached: Pick<AttachDeps, "processOf" | "degraded" | "recovered">;
};

export type Services = Readonly<Record<string, ServiceConfig>>;

/**
 * Keeps the services of the configuration running, and finds those again that an agent before it left running.
 * Disposing it lets go of them; they run on.
 */
export class Supervisor implements Disposable {
  readonly #deps: ProcessDeps & SupervisorDeps;
  readonly #processes = new Map<string, Managed>();
  readonly #systemctl: Systemctl;
  /** What was last told of each service, to tell it again only when it changes. */
  readonly #told: Map<string, string>;
  readonly #watch: RecordWatch;
  readonly #subscription: Disposable;
  readonly #end = new AbortController();
  /** Marks of the runs that an agent before this one left behind, as they were when this one began. */
  readonly #marks: readonly string[];
  #services: Services;
  /** Those that are about to be stopped and started again: whoever comes after them waits. */
  readonly #leaving = new Set<SupervisedProcess>();

  /** Adopts what runs and starts what should run; returns when every start is under way. @throws OstlerError `failed` */
  static start(services: Services, deps: SupervisorDeps): Supervisor {
    const setsid = findExecutable("setsid", { cwd: "/", searchPath: "/usr/bin:/bin:/usr/local/bin" });
    if ("reason" in setsid)
      throw new OstlerError("failed", `setsid(1) is missing: ${setsid.reason} It comes with util-linux.`);
    const boots = join(deps.runDir, "runs");
    const records = join(boots, bootId());
    makeDirectory(records);
    // Processes do not outlive their host: what was recorded in other boots means nothing any more.
    for (const boot of readdirSync(boots))
      if (boot !== bootId()) rmSync(join(boots, boot), { recursive: true, force: true });
    return new Supervisor(services, { ...deps, records, setsid: setsid.path, oom: new OomWatch() });
  }

  private constructor(services: Services, deps: Omit<ProcessDeps, "awaits"> & SupervisorDeps) {
    this.#deps = { ...deps, awaits: (slot) => this.#awaits(slot) };
    this.#services = services;
    this.#marks = marksLeft(deps.agentId);
    this.#systemctl = new Systemctl({
      ...{ clock: deps.clock, env: deps.env },
      degraded: (reason) => deps.attached.degraded("systemctl", reason),
      recovered: () => deps.attached.recovered("systemctl"),
    });
    this.#told = new Map(
      Object.entries(deps.previous.services).map(([name, state]) => [name, JSON.stringify(shapeIn(state))]),
    );
    const beat = deps.pulse.expect("supervisor", 1000);
    this.#watch = new RecordWatch(deps.records, {
      clock: deps.clock,
      degraded: deps.degraded,
      onMark: (mark) => this.#processes.get(keyOf(mark))?.onMark(mark),
      looked: () => {
        for (const process of this.#processes.values()) process.look();
        beat();
      },
    });
    this.#subscription = deps.subscribe((published) => this.#follow(published));
    this.#takeOver(services);
    void this.#endUnknown(services);
  }

  /** The configuration it goes by. */
  get services(): Services {
    return this.#services;
  }

  /**
   * Done when it runs. A process by its own name runs although it has completed or its time has not come, and what it comes
   * after is started with it. @throws OstlerError `not-found`, `failed`
   */
  async start(service: string, process: string | undefined, signal: AbortSignal): Promise<void> {
    const attached = this.#attachedIn(service, process);
    if (attached) return attached.start(signal);
    const all = this.#ownOf(service);
    const isIdle = all.every(({ isWanted }) => !isWanted);
    const meant =
      process === undefined
        ? all.filter(
            ({ phase, type }) => phase !== "scheduled" && (isIdle || phase !== "completed" || type === "daemon"),
          )
        : withAwaited(this.#named(service, process).filter(isOwn), all);
    await startTogether(meant, (one, patience) => one.start(patience), signal);
  }

  /** Done when nothing of it is left. @throws OstlerError `not-found`, `failed` */
  async stop(service: string, process: string | undefined, signal: AbortSignal): Promise<void> {
    const attached = this.#attachedIn(service, process);
    if (attached) return attached.stop(signal);
    await stopInOrder(this.#named(service, process).filter(isOwn), (one) => one.stop(signal));
  }

  /**
   * Done when the new processes run; with `backOff`, when they wait for their turn. All of a service are stopped before the
   * first starts again where one comes after another. @throws OstlerError `not-found`, `failed`
   */
  async restart(service: string, process: string | undefined, how: Restart, signal: AbortSignal): Promise<void> {
    const attached = this.#attachedIn(service, process);
    if (attached) return attached.restart(how, signal);
    const meant = this.#named(service, process)
      .filter(isOwn)
      .filter(
        // A cure is not for what somebody has stopped meanwhile.
        ({ type, isWanted }) => (isWanted || !how.backOff) && (process !== undefined || type !== "scheduled"),
      );
    const ordered = meant.filter((one) => dependentsOf(one, meant).length > 0);
    for (const one of ordered) this.#leaving.add(one);
    try {
      await inOrder(
        meant,
        (one) => dependentsOf(one, meant),
        async (one) => {
          one.beginRestart(how);
          await one.down(signal);
          this.#leaving.delete(one);
        },
      );
    } finally {
      for (const one of ordered) this.#leaving.delete(one);
      this.#unblock(service);
    }
    await startTogether(meant, (one, patience) => one.settled(patience, how.backOff), signal);
  }

  /** Done when those run that are to run. @throws OstlerError `failed` */
  async settled(service: string, process: string, signal: AbortSignal): Promise<void> {
    const meant = this.#ownOf(service).filter(({ slot, isWanted }) => isWanted && baseName(slot.process) === process);
    await each(meant, (one) => one.settled(signal));
  }

  /** It is time for a scheduled process: what that means while it still runs, its `overlap` says. @throws OstlerError `not-found` */
  due(service: string, process: string): void {
    for (const one of this.#named(service, process)) one.feed({ input: "due" });
  }

  /** Goes over to other services: the new start, those that are gone stop, `changed` restart, the rest is not touched. */
  async reconfigure(services: Services, changed: (slot: Slot) => boolean, signal: AbortSignal): Promise<void> {
    this.#services = services;
    const before = [...this.#processes.values()];
    const kept = before.filter((process) => isIn(services, process));
    const gone = before.filter((process) => !kept.includes(process));
    for (const process of kept) process.reconfigure(specIn(services, process.slot));
    // Of another type or owner it is another process: it comes when the old one is gone.
    this.#takeOver(services);
    await Promise.all([
      this.#remove(gone, services, signal).then(() => this.#takeOver(services)),
      each(
        // A scheduled process has its new settings from its next run on.
        kept.filter(isOwn).filter(({ slot, type, isWanted }) => isWanted && type !== "scheduled" && changed(slot)),
        (one) => one.restart({ because: "its configuration changed", backOff: false }, signal),
      ),
    ]);
    for (const service of Object.keys(services)) this.#unblock(service);
  }

  /** Starts what has waited for the end of a hold: of a service, or of all. */
  endHold(service: string | undefined): void {
    for (const process of this.#processes.values())
      if (service === undefined || process.slot.service === service) process.feed({ input: "restart-due" });
  }

  /** Where the output of a run is; of one that an earlier agent has launched, only if that has recorded it. */
  outputOf(slot: Slot, run: number): SpoolRange | undefined {
    return this.#processes.get(keyOf(slot))?.outputOf(run);
  }

  /** What a run was begun with; unknown of one that an earlier agent has launched. */
  begunOf(slot: Slot, run: number): Begun | undefined {
    return this.#processes.get(keyOf(slot))?.begunOf(run);
  }

  /** Pids of everything a process consists of; empty while it does not run. */
  pidsOf(slot: Slot): number[] {
    return this.#processes.get(keyOf(slot))?.pids() ?? [];
  }

  /** @throws OstlerError `not-found`, `wrong-state` when something of a service runs that has an owner whom nobody can ask to stop it */
  refuseUnstoppable(service: string): void {
    for (const process of this.#named(service, undefined)) process.refuseUnstoppable();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#systemctl[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#subscription[Symbol.dispose]();
    for (const process of this.#processes.values()) process[Symbol.dispose]();
  }

  #follow({ event }: Published): void {
    if (!isHostEvent(event) || !("service" in event.data) || event.data.service === undefined) return;
    const { service } = event.data;
    if (event.type === "service.ready" || event.type === "service.unready") {
      const input = event.type === "service.ready" ? "ready" : "unready";
      for (const process of this.#processes.values()) if (process.slot.service === service) process.feed({ input });
    }
    this.#unblock(service);
  }

  /** Whatever happens to a service may be what one of its processes has waited for. */
  #unblock(service: string): void {
    for (const process of this.#ownOf(service)) if (process.phase === "deferred") process.feed({ input: "unblocked" });
  }

  #awaits(slot: Slot): readonly Awaited[] {
    const one = this.#processes.get(keyOf(slot));
    if (!one || !isOwn(one) || !one.config.after?.length) return [];
    const { after } = one.config;
    const all = this.#ownOf(slot.service);
    const isReady = (other: Pick<SupervisedProcess, "slot">): boolean => {
      const its = own(this.#deps.state().services, slot.service);
      return its !== undefined && processUnreadyReasons(its, other.slot.process).length === 0;
    };
    const staying = all.filter((other) => !this.#leaving.has(other));
    const left = after.filter(({ process }) =>
      all.some((other) => this.#leaving.has(other) && baseName(other.slot.process) === process),
    );
    return left.length > 0 ? left : awaitsOf(one, staying, isReady);
  }

  /** Begins to supervise whatever is not supervised yet. */
  #takeOver(services: Services): void {
    for (const [service, config] of Object.entries(services)) {
      const shape = shapeOf(config);
      if (this.#told.get(service) === JSON.stringify(shape)) continue;
      this.#told.set(service, JSON.stringify(shape));
      this.#deps.publish({ type: "service.configured", data: { service, ...shape } });
    }
    for (const [service, config] of Object.entries(services))
      for (const process of Object.keys(processesOf(config))) {
        const slot = { service, process };
        if (this.#processes.has(keyOf(slot))) continue;
        if (config.attach) {
          this.#attach(slot, config);
          continue;
        }
        const { supervised, then } = this.#recover(slot, specIn(services, slot));
        if (this.#deps.isIsolated(service)) supervised.feed({ input: "stop" });
        else if (then === "start" && this.#isStoppedWithOthers(supervised)) supervised.intendStop();
        else if ((then === "start" || then === "restart-due") && this.#deps.heldMs(service) !== undefined)
          supervised.feed({ input: "held", because: "it is to run after the maintenance" });
        else if (then !== "nothing") supervised.feed({ input: then });
      }
  }

  /** What runs here of it from an earlier configuration has to end before it belongs to somebody else. */
  #attach(slot: Slot, config: ServiceConfig): void {
    const { records, previous, attached } = this.#deps;
    if (readSlot(records, slot).runs.length > 0) return;
    const deps = { ...this.#deps, ...attached, systemctl: this.#systemctl };
    const otherBoot = previous.agent.bootId !== bootId();
    this.#processes.set(keyOf(slot), attach(slot, config, { ...deps, otherBoot }));
  }

  /** A further instance of a process that somebody has stopped. */
  #isStoppedWithOthers({ slot }: SupervisedProcess): boolean {
    const others = this.#ownOf(slot.service).filter(
      (other) => other.slot.process !== slot.process && baseName(other.slot.process) === baseName(slot.process),
    );
    return others.length > 0 && others.every(({ phase }) => phase === "stopped");
  }

  #recover(slot: Slot, spec: ProcessSpec): { supervised: SupervisedProcess; then: Recovery["then"] } {
    const { records, previous } = this.#deps;
    const before = previous.services[slot.service]?.processes[slot.process];
    const recovery = recover(readSlot(records, slot), before, {
      alive: isAlive,
      noteOf: (run) => readNote(runPrefix(records, slot, run)),
      claim: (run) => claim(records, slot, run),
      keeperLives: (run) => keeperLives(runPrefix(records, slot, run)) || hasBegun(records, slot, run),
      sameBoot: previous.agent.bootId === bootId(),
    });
    const supervised = new SupervisedProcess(slot, spec, recovery.state, this.#deps);
    this.#processes.set(keyOf(slot), supervised);
    supervised.resume(recovery, this.#marks, before?.notified?.run);
    return { supervised, then: recovery.then };
  }

  /** What runs from an earlier configuration is not wanted any more. */
  async #endUnknown(services: Services): Promise<void> {
    const unknown = allMarks(this.#deps.records).filter((mark) => !this.#processes.has(keyOf(mark)));
    const slots = new Map(unknown.map((mark) => [keyOf(mark), { service: mark.service, process: mark.process }]));
    const gone = [...slots.values()].map((slot) => this.#recover(slot, specIn(services, slot)).supervised);
    try {
      await this.#remove(gone, services, this.#end.signal);
      if (gone.length > 0) this.#takeOver(this.#services); // It may have another owner now.
    } catch (failure) {
      if (!this.#end.signal.aborted)
        this.#deps.degraded(`cannot end what an earlier configuration left running: ${messageOf(failure)}`);
    }
  }

  /** Stops processes for ever, and takes leave of the services that are not there any more. */
  async #remove(gone: readonly Managed[], services: Services, signal: AbortSignal): Promise<void> {
    const forget = (process: Managed): void => void this.#processes.delete(keyOf(process.slot));
    await Promise.all([
      each(
        gone.filter((one) => !isOwn(one)),
        (one) => one.remove(signal).then(() => forget(one)),
      ),
      stopInOrder(gone.filter(isOwn), (one) => one.remove(signal).then(() => forget(one))),
    ]);
    for (const service of [...this.#told.keys()].filter((name) => !Object.hasOwn(services, name))) {
      this.#told.delete(service);
      this.#deps.publish({ type: "service.removed", data: { service } });
    }
  }

  /** The processes of a service that we keep running ourselves. */
  #ownOf(service: string): SupervisedProcess[] {
    return [...this.#processes.values()].filter(isOwn).filter(({ slot }) => slot.service === service);
  }

  /** The process of a service that has another owner; there is never more than one. */
  #attachedIn(service: string, process: string | undefined): Managed | undefined {
    return this.#named(service, process).find((one) => !isOwn(one));
  }

  #named(service: string, process: string | undefined): Managed[] {
    const all = [...this.#processes.values()];
    const its = all.filter(({ slot }) => slot.service === service);
    const isMeant = ({ slot }: Managed): boolean =>
      process === undefined || slot.process === process || baseName(slot.process) === process;
    const named = its.filter(isMeant);
    if (named.length > 0) return named;
    if (process !== undefined && its.length > 0)
      throw notFound(
        `process of ${service}`,
        process,
        its.map(({ slot }) => slot.process),
      );
    throw notFound("service", service, new Set(all.map(({ slot }) => slot.service)));
  }
}

/** Has a run begun, which had not when its records were read? Its keeper may have been killed meanwhile. */
function hasBegun(records: string, slot: Slot, run: number): boolean {
  return marksOf(records, slot, run).some(({ mark }) => mark === "started");
}

/** What is told of a service. */
type Shape = Omit<EventData<"service.configured">, "service">;

function shapeOf(config: ServiceConfig): Shape {
  const processes = Object.entries(processesOf(config));
  return {
    processes: processes.map(([name]) => name),
    ...typesOf(processes.map(([name, its]) => [name, typeOf(its)])),
    checks: checksOf(config),
    ...(config.attach ? { attached: attachedTo(ownerOf(config.attach)) } : {}),
  };
}

/** A service of the state in the form in which it is told. */
function shapeIn({ processes, checks, attached }: HostState["services"][string]): Shape {
  return {
    processes: Object.keys(processes),
    ...typesOf(Object.entries(processes).map(([name, { type = "daemon" }]) => [name, type])),
    checks: Object.entries(checks).map(([name, { role, process }]) => ({
      name,
      role,
      ...(process === undefined ? {} : { process }),
    })),
    ...(attached ? { attached } : {}),
  };
}

/** That a process is a daemon goes without saying. */
function typesOf(types: [string, ProcessType][]): Pick<Shape, "types"> {
  const special = types.filter(([, type]) => type !== "daemon");
  return special.length > 0 ? { types: Object.fromEntries(special) } : {};
}

function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}

function isIn(services: Services, managed: Managed): boolean {
  const { service, process } = managed.slot;
  const config = services[service];
  return config !== undefined && Object.hasOwn(processesOf(config), process) && managed.suits(config);
}

/** The settings of a process; of one that has left the configuration, what is needed to stop it. */
function specIn(services: Services, { service, process }: Slot): ProcessSpec {
  const config = services[service];
  const processConfig = config && processesOf(config)[process];
  // A process that is to end is not restarted for ending well.
  if (processConfig && typeOf(processConfig) === "oneshot" && config.restart.policy === "always")
    return { config: processConfig, restart: { ...config.restart, policy: "on-failure" } };
  if (processConfig) return { config: processConfig, restart: config.restart };
  const stop = stopConfig.parse({});
  return {
    config: { command: [], env: {}, cwd: "/", listens: [], stop },
    restart: restartConfig.parse({ policy: "never" }),
  };
}

/** Each after those that come after it. Who does not run is stopped at once, lest it start meanwhile. */
async function stopInOrder(
  processes: readonly SupervisedProcess[],
  stop: (process: SupervisedProcess) => Promise<void>,
): Promise<void> {
  for (const process of processes) process.intendStop();
  await inOrder(processes, (one) => dependentsOf(one, processes), stop);
}

/** Waits until all run. Who waits for one that cannot run cannot run either, and is not waited for. */
async function startTogether(
  processes: readonly SupervisedProcess[],
  start: (one: SupervisedProcess, patience: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const patience = newStop();
  const starts = new Map(
    processes.map((one) => [one, start(one, AbortSignal.any([signal, patience.signal]))] as const),
  );
  try {
    await each(processes, async (one) => {
      const awaited = awaitedBy(one, processes).map((other) => starts.get(other));
      await Promise.all([starts.get(one), ...awaited]);
    });
  } finally {
    patience.abort();
  }
}

function isOwn(managed: Managed): managed is SupervisedProcess {
  return managed instanceof SupervisedProcess;
}

/** All at the same time, each to its end; of several failures the first is told. */
async function each<T>(things: readonly T[], act: (thing: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(things.map(act));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
