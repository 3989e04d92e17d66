import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isHostEvent, messageOf, notFound, OstlerError, type HostState } from "@ostler/protocol";
import { checksOf, processesOf, restartConfig, stopConfig, type ServiceConfig } from "../../config/services.js";
import type { Published } from "../../core/bus.js";
import type { Pulse } from "../../core/pulse.js";
import { findExecutable } from "../../platform/executable.js";
import { OomWatch } from "../../platform/oom.js";
import { bootId, isAlive } from "../../platform/proc.js";
import type { SpoolRange } from "../../platform/spool.js";
import { marksLeft, treeOf } from "../../platform/tree.js";
import { keeperLives, readNote } from "./keeper.js";
import type { Restart } from "./machine.js";
import { SupervisedProcess, type ProcessDeps, type ProcessSpec } from "./process.js";
import { RecordWatch } from "./record-watch.js";
import { allMarks, claim, makeDirectory, readSlot, runPrefix, type Slot } from "./records.js";
import { recover, type Recovery } from "./recovery.js";

export type SupervisorDeps = Omit<ProcessDeps, "records" | "setsid" | "oom"> & {
  runDir: string;
  /** What the journal knew before this agent started. */
  previous: HostState;
  pulse: Pulse;
  /** The bus; the supervisor listens to when its services are ready. */
  subscribe: (follow: (published: Published) => void) => Disposable;
  /** A service that nobody may start. Who asks for a start by name is refused before it comes to this room. */
  isIsolated: (service: string) => boolean;
  degraded: (reason: string) => void;
};

export type Services = Readonly<Record<string, ServiceConfig>>;

/**
 * Keeps the services of the configuration running, and finds those again that an agent before it left running.
 * Disposing it lets go of them; they run on.
 */
export class Supervisor implements Disposable {
  readonly #deps: ProcessDeps & SupervisorDeps;
  readonly #processes = new Map<string, SupervisedProcess>();
  /** What was last told of each service, to tell it again only when it changes. */
  readonly #told: Map<string, string>;
  readonly #watch: RecordWatch;
  readonly #subscription: Disposable;
  readonly #end = new AbortController();
  /** Marks of the runs that an agent before this one left behind, as they were when this one began. */
  readonly #marks: readonly string[];
  #services: Services;

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

  private constructor(services: Services, deps: ProcessDeps & SupervisorDeps) {
    this.#deps = deps;
    this.#services = services;
    this.#marks = marksLeft(deps.agentId);
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

  /** Done when it runs. @throws OstlerError `not-found`, `failed` */
  async start(service: string, process: string | undefined, signal: AbortSignal): Promise<void> {
    await each(this.#named(service, process), (one) => one.start(signal));
  }

  /** Done when nothing of it is left. @throws OstlerError `not-found`, `failed` */
  async stop(service: string, process: string | undefined, signal: AbortSignal): Promise<void> {
    await each(this.#named(service, process), (one) => one.stop(signal));
  }

  /** Done when the new processes run; with `backOff`, when they wait for their turn. @throws OstlerError `not-found`, `failed` */
  async restart(service: string, process: string | undefined, how: Restart, signal: AbortSignal): Promise<void> {
    await each(this.#named(service, process), (one) => one.restart(how, signal));
  }

  /** Goes over to other services: the new start, those that are gone stop, `changed` restart, the rest is not touched. */
  async reconfigure(services: Services, changed: (slot: Slot) => boolean, signal: AbortSignal): Promise<void> {
    this.#services = services;
    const before = [...this.#processes.values()];
    const kept = before.filter(({ slot }) => isIn(services, slot));
    for (const process of kept) process.reconfigure(specIn(services, process.slot));
    this.#takeOver(services);
    await Promise.all([
      this.#remove(
        before.filter((process) => !kept.includes(process)),
        services,
        signal,
      ),
      each(
        kept.filter(({ slot, isWanted }) => isWanted && changed(slot)),
        (one) => one.restart({ because: "its configuration changed", backOff: false }, signal),
      ),
    ]);
  }

  /** Starts what has waited for the end of a hold: of a service, or of all. */
  endHold(service: string | undefined): void {
    for (const process of this.#processes.values())
      if (service === undefined || process.slot.service === service) process.feed({ input: "restart-due" });
  }

  /** Where the output of a run is; unknown of one that an earlier agent has launched. */
  outputOf(slot: Slot, run: number): SpoolRange | undefined {
    return this.#processes.get(keyOf(slot))?.outputOf(run);
  }

  /** Pids of everything a process consists of; empty while it does not run. */
  pidsOf(slot: Slot): number[] {
    const running = this.#processes.get(keyOf(slot))?.running;
    return running ? treeOf(running.identity, running.mark) : [];
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#watch[Symbol.dispose]();
    this.#subscription[Symbol.dispose]();
    for (const process of this.#processes.values()) process[Symbol.dispose]();
  }

  #follow({ event }: Published): void {
    if (!isHostEvent(event) || (event.type !== "service.ready" && event.type !== "service.unready")) return;
    const input = event.type === "service.ready" ? "ready" : "unready";
    for (const process of this.#processes.values())
      if (process.slot.service === event.data.service) process.feed({ input });
  }

  /** Begins to supervise whatever is not supervised yet. */
  #takeOver(services: Services): void {
    for (const [service, config] of Object.entries(services)) {
      const shape: Shape = { processes: Object.keys(processesOf(config)), checks: checksOf(config) };
      if (this.#told.get(service) === JSON.stringify(shape)) continue;
      this.#told.set(service, JSON.stringify(shape));
      this.#deps.publish({ type: "service.configured", data: { service, ...shape } });
    }
    for (const [service, config] of Object.entries(services))
      for (const process of Object.keys(processesOf(config))) {
        const slot = { service, process };
        if (this.#processes.has(keyOf(slot))) continue;
        const { supervised, then } = this.#recover(slot, specIn(services, slot));
        if (this.#deps.isIsolated(service)) supervised.feed({ input: "stop" });
        else if ((then === "start" || then === "restart-due") && this.#deps.heldMs(service) !== undefined)
          supervised.feed({ input: "held", because: "it is to run after the maintenance" });
        else if (then !== "nothing") supervised.feed({ input: then });
      }
  }

  #recover(slot: Slot, spec: ProcessSpec): { supervised: SupervisedProcess; then: Recovery["then"] } {
    const { records, previous } = this.#deps;
    const recovery = recover(readSlot(records, slot), previous.services[slot.service]?.processes[slot.process], {
      alive: isAlive,
      noteOf: (run) => readNote(runPrefix(records, slot, run)),
      claim: (run) => claim(records, slot, run),
      keeperLives: (run) => keeperLives(runPrefix(records, slot, run)),
      sameBoot: previous.agent.bootId === bootId(),
    });
    const supervised = new SupervisedProcess(slot, spec, recovery.state, this.#deps);
    this.#processes.set(keyOf(slot), supervised);
    supervised.resume(recovery, this.#marks);
    return { supervised, then: recovery.then };
  }

  /** What runs from an earlier configuration is not wanted any more. */
  async #endUnknown(services: Services): Promise<void> {
    const unknown = allMarks(this.#deps.records).filter((mark) => !this.#processes.has(keyOf(mark)));
    const slots = new Map(unknown.map((mark) => [keyOf(mark), { service: mark.service, process: mark.process }]));
    const gone = [...slots.values()].map((slot) => this.#recover(slot, specIn(services, slot)).supervised);
    try {
      await this.#remove(gone, services, this.#end.signal);
    } catch (failure) {
      if (!this.#end.signal.aborted)
        this.#deps.degraded(`cannot end what an earlier configuration left running: ${messageOf(failure)}`);
    }
  }

  /** Stops processes for ever, and takes leave of the services that are not there any more. */
  async #remove(gone: readonly SupervisedProcess[], services: Services, signal: AbortSignal): Promise<void> {
    await each(gone, async (process) => {
      await process.stop(signal);
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
    const own = all.filter(({ slot }) => slot.service === service);
    const named = process === undefined ? own : own.filter(({ slot }) => slot.process === process);
    if (named.length > 0) return named;
    if (process !== undefined && own.length > 0)
      throw notFound(
        `process of ${service}`,
        process,
        own.map(({ slot }) => slot.process),
      );
    throw notFound("service", service, new Set(all.map(({ slot }) => slot.service)));
  }
}

/** What is told of a service. */
type Shape = { processes: string[]; checks: ReturnType<typeof checksOf> };

/** A service of the state in the form in which it is told. */
function shapeIn({ processes, checks }: HostState["services"][string]): Shape {
  return {
    processes: Object.keys(processes),
    checks: Object.entries(checks).map(([name, { role }]) => ({ name, role })),
  };
}

function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}

function isIn(services: Services, { service, process }: Slot): boolean {
  const config = services[service];
  return config !== undefined && Object.hasOwn(processesOf(config), process);
}

/** The settings of a process; of one that has left the configuration, what is needed to stop it. */
function specIn(services: Services, { service, process }: Slot): ProcessSpec {
  const config = services[service];
  const processConfig = config && processesOf(config)[process];
  if (processConfig) return { config: processConfig, restart: config.restart };
  const stop = stopConfig.parse({});
  return {
    config: { command: [], env: {}, cwd: "/", listens: [], stop },
    restart: restartConfig.parse({ policy: "never" }),
  };
}

/** All at the same time, each to its end; of several failures the first is told. */
async function each<T>(things: readonly T[], act: (thing: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(things.map(act));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
