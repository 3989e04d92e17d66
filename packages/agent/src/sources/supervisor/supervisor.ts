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
  type HostState,
} from "@ostler/protocol";
import { processesOf } from "../../config/services.js";
import type { Published } from "../../core/bus.js";
import type { Pulse } from "../../core/pulse.js";
import { Attachments, type AttachmentsDeps } from "./attached/attachments.js";
import { findExecutable } from "../../platform/executable.js";
import { OomWatch } from "../../platform/oom.js";
import { bootId, isAlive } from "../../platform/proc.js";
import type { SpoolRange } from "../../platform/spool.js";
import { treeOf } from "../../platform/tree.js";
import { awaitsOf, dependentsOf, each, inOrder, startTogether, stopInOrder, withAwaited } from "./in-order.js";
import { keeperLives, readNote } from "./keeper.js";
import type { Begun } from "./launch.js";
import type { Restart } from "./states.js";
import { SupervisedProcess, type ProcessDeps } from "./process.js";
import { RecordWatch } from "./record-watch.js";
import { allMarks, claim, makeDirectory, marksOf, readSlot, runPrefix, type Slot } from "./records.js";
import { recover, type Recovery } from "./recovery.js";
import { shapeIn, shapeOf } from "./shape.js";
import { specIn, typeIn, type ProcessSpec, type Services } from "./spec.js";

export type SupervisorDeps = Omit<ProcessDeps, "records" | "setsid" | "oom" | "awaits"> & {
  runDir: string;
  state: () => HostState;
  /** What the journal knew before this agent started. */
  previous: HostState;
  /** Marks of the runs of which somebody is left (see platform/tree.ts). */
  runsLeft: readonly string[];
  pulse: Pulse;
  /** The bus; the supervisor listens to when its services are ready. */
  subscribe: (follow: (published: Published) => void) => Disposable;
  /** A service that nobody may start. Who asks for a start by name is refused before it comes to this room. */
  isIsolated: (service: string) => boolean;
  /** Why the files of a service are not fit for a start; nothing when they are. */
  unfit: (service: string) => string | undefined;
  degraded: (reason: string) => void;
  /** What those need that have another owner. */
  attached: Pick<AttachmentsDeps, "degraded" | "recovered">;
};

/**
 * Keeps the services of the configuration running, and finds those again that an agent before it left running.
 * Disposing it lets go of them; they run on.
 */
export class Supervisor implements Disposable {
  readonly #deps: ProcessDeps & SupervisorDeps;
  readonly #processes = new Map<string, SupervisedProcess>();
  /** The services that have another owner; nothing of them is in `#processes`. */
  readonly #attached: Attachments;
  /** What an earlier configuration had left running has ended. */
  #unknownEnded = false;
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
    this.#marks = deps.runsLeft;
    this.#attached = new Attachments({
      ...deps,
      ...deps.attached,
      hasOurs: (service) =>
        [...this.#processes.values()].some(({ slot }) => slot.service === service) ||
        (!this.#unknownEnded && allMarks(deps.records).some((mark) => mark.service === service)),
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
        this.#attached.look();
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
    this.#refuseUnfit(service);
    const attached = this.#attached.find(service, process);
    if (attached) return attached.start(signal);
    const all = this.#named(service, undefined);
    const isIdle = all.every(({ isWanted }) => !isWanted);
    const meant =
      process === undefined
        ? all.filter(
            ({ phase, type }) => phase !== "scheduled" && (isIdle || phase !== "completed" || type === "daemon"),
          )
        : withAwaited(this.#named(service, process), all);
    await startTogether(meant, (one, patience) => one.start(patience), signal);
  }

  /** Done when nothing of it is left. @throws OstlerError `not-found`, `failed` */
  async stop(service: string, process: string | undefined, signal: AbortSignal): Promise<void> {
    const attached = this.#attached.find(service, process);
    if (attached) return attached.stop(signal);
    await stopInOrder(this.#named(service, process), signal);
  }

  /** As `stop`, of these processes and no others. */
  async stopThese(service: string, processes: readonly string[], signal: AbortSignal): Promise<void> {
    const attached = this.#attached.find(service, undefined);
    if (attached) return attached.stop(signal);
    const all = this.#named(service, undefined);
    await stopInOrder(
      all.filter(({ slot }) => processes.includes(slot.process)),
      signal,
    );
  }

  /**
   * Done when the new processes run; with `backOff`, when they wait for their turn. All of a service are stopped before the
   * first starts again where one comes after another. @throws OstlerError `not-found`, `failed`
   */
  async restart(service: string, process: string | undefined, how: Restart, signal: AbortSignal): Promise<void> {
    this.#refuseUnfit(service);
    const attached = this.#attached.find(service, process);
    if (attached) return attached.restart(how, signal);
    const meant = this.#named(service, process).filter(
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
    const meant = [...this.#processes.values()].filter(
      ({ slot, isWanted }) => isWanted && slot.service === service && baseName(slot.process) === process,
    );
    await each(meant, (one) => one.settled(signal));
  }

  /** It is time for a scheduled process: what that means while it still runs, its `overlap` says. @throws OstlerError `not-found` */
  due(service: string, process: string): void {
    for (const one of this.#named(service, process)) one.feed({ input: "due" });
  }

  /** Goes over to other services: the new start, those that are gone stop, `changed` restart, the rest is not touched. */
  async reconfigure(services: Services, changed: (slot: Slot) => boolean, signal: AbortSignal): Promise<void> {
    this.#services = services;
    this.#attached.letGo(services);
    const before = [...this.#processes.values()];
    const kept = before.filter(({ slot, type }) => typeIn(services, slot) === type);
    const gone = before.filter((process) => !kept.includes(process));
    for (const process of kept) process.reconfigure(specIn(services, process.slot));
    // Of another type it is another process: nothing that was known of the old one means anything for it.
    const others = gone.filter(({ slot }) => typeIn(services, slot) !== undefined);
    this.#takeOver(services);
    await Promise.all([
      this.#remove(gone, services, signal).then(() => {
        if (others.length > 0) this.#takeOver(services);
      }),
      each(
        // A scheduled process has its new settings from its next run on.
        kept.filter(({ slot, type, isWanted }) => isWanted && type !== "scheduled" && changed(slot)),
        (one) => one.restart({ because: "its configuration changed", backOff: false }, signal),
      ),
    ]);
    this.#attached.take(services); // Those of ours that have another owner now have ended.
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
    const attached = this.#attached.at(slot);
    if (attached) return attached.pids();
    const running = this.#processes.get(keyOf(slot))?.running;
    return running ? treeOf(running.identity, running.mark) : [];
  }

  /** @throws OstlerError `wrong-state` when a service runs that has an owner whom nobody here can ask to stop it */
  refuseUnstoppable(service: string): void {
    this.#attached.find(service, undefined)?.refuseUnstoppable();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#attached[Symbol.dispose]();
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
      this.#attached.find(service, undefined)?.feed(input);
    }
    this.#unblock(service);
  }

  /** Whatever happens to a service may be what one of its processes has waited for. */
  #unblock(service: string): void {
    for (const process of this.#processes.values())
      if (process.phase === "deferred" && process.slot.service === service) process.feed({ input: "unblocked" });
  }

  #awaits(slot: Slot): readonly Awaited[] {
    const one = this.#processes.get(keyOf(slot));
    if (!one?.config.after?.length) return [];
    const all = [...this.#processes.values()].filter((other) => other.slot.service === slot.service);
    const isReady = (other: Pick<SupervisedProcess, "slot">): boolean => {
      const its = own(this.#deps.state().services, slot.service);
      return its !== undefined && processUnreadyReasons(its, other.slot.process).length === 0;
    };
    const staying = all.filter((other) => !this.#leaving.has(other));
    const left = one.config.after.filter(({ process }) =>
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
    this.#attached.take(services);
    for (const [service, config] of Object.entries(services))
      for (const process of config.attach ? [] : Object.keys(processesOf(config))) {
        const slot = { service, process };
        if (this.#processes.has(keyOf(slot))) continue;
        const { supervised, then } = this.#recover(slot, specIn(services, slot));
        if (this.#deps.isIsolated(service) || this.#deps.unfit(service) !== undefined)
          supervised.feed({ input: "stop" });
        else if (then === "start" && this.#isStoppedWithOthers(supervised)) supervised.intendStop();
        else if ((then === "start" || then === "restart-due") && this.#deps.heldMs(service) !== undefined)
          supervised.feed({ input: "held", because: "it is to run after the maintenance" });
        else if (then !== "nothing") supervised.feed({ input: then });
      }
  }

  #refuseUnfit(service: string): void {
    const reason = this.#deps.unfit(service);
    if (reason !== undefined) throw new OstlerError("wrong-state", `${service} cannot be started: ${reason}`);
  }

  /** A further instance of a process that somebody has stopped. */
  #isStoppedWithOthers({ slot }: SupervisedProcess): boolean {
    const others = [...this.#processes.values()].filter(
      (other) =>
        other.slot.service === slot.service &&
        other.slot.process !== slot.process &&
        baseName(other.slot.process) === baseName(slot.process),
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
      this.#unknownEnded = true;
      this.#attached.take(this.#services); // What had a process of ours may have another owner now.
    } catch (failure) {
      if (!this.#end.signal.aborted)
        this.#deps.degraded(`cannot end what an earlier configuration left running: ${messageOf(failure)}`);
    }
  }

  /** Stops processes for ever, and takes leave of the services that are not there any more. */
  async #remove(gone: readonly SupervisedProcess[], services: Services, signal: AbortSignal): Promise<void> {
    await stopInOrder(gone, signal, (process) => {
      process.forget();
      this.#processes.delete(keyOf(process.slot));
    });
    for (const service of [...this.#told.keys()].filter((name) => !Object.hasOwn(services, name))) {
      this.#told.delete(service);
      this.#deps.publish({ type: "service.removed", data: { service } });
    }
  }

  #named(service: string, process: string | undefined): SupervisedProcess[] {
    const all = [...this.#processes.values()];
    const its = all.filter(({ slot }) => slot.service === service);
    const isMeant = ({ slot }: SupervisedProcess): boolean =>
      process === undefined || slot.process === process || baseName(slot.process) === process;
    const named = its.filter(isMeant);
    if (named.length > 0) return named;
    if (process !== undefined && its.length > 0)
      throw notFound(
        `process of ${service}`,
        process,
        its.map(({ slot }) => slot.process),
      );
    throw notFound("service", service, new Set(all.map(({ slot }) => slot.service).concat(this.#attached.names)));
  }
}

/** Has a run begun, which had not when its records were read? Its keeper may have been killed meanwhile. */
function hasBegun(records: string, slot: Slot, run: number): boolean {
  return marksOf(records, slot, run).some(({ mark }) => mark === "started");
}

function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}
