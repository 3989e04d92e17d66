import { notFound, OstlerError, own, type HostState, type ServiceState } from "@ostler/protocol";
import type { BackupConfig, BackupHook } from "../../config/backups.js";
import type { Clock } from "../../core/clock.js";
import { halfRestoredInWords } from "./half-restored.js";
import { recoverQuiesced, withQuiesced, type Leave, type QuiesceDeps, type Recovery } from "./quiesce.js";
import type { QuiesceRecord } from "./quiesce-record.js";
import { recoverSwap } from "./swap.js";
import { swapRecordOf } from "./swap-names.js";
import { swappedInWords } from "./swap-record.js";

type Of = { service: string; backup: string };

/** Beside the time that `before` has, a service has so long to stop. */
const enterMs = 10 * 60_000;
/** And to come back: after that it is tried again. */
const leaveMs = 15 * 60_000;

/** How long somebody waits. */
export type Patience = { signal: AbortSignal; timeoutMs: number };

export type RestDeps = {
  clock: Clock;
  random: () => number;
  /** Aborts when the agent ends. */
  stopped: AbortSignal;
  state: () => HostState;
  /** Where it is written down what is at rest. */
  records: string;
  /** The set as it is configured now; nothing when it is gone. */
  setOf: (of: Of) => BackupConfig | undefined;
  /** Runs a program of a set, and gives what it printed. @throws OstlerError when it does not succeed */
  runHook: (
    of: { service: string; name: string },
    hook: BackupHook,
    how: { env?: Record<string, string>; cwd?: string },
    signal: AbortSignal,
  ) => Promise<string>;
  /** Does something while no command on the service runs. */
  exclusively: <T>(service: string, call: () => Promise<T>) => Promise<T>;
  stop: (service: string, processes: readonly string[], signal: AbortSignal) => Promise<void>;
  start: (service: string, process: string, signal: AbortSignal) => Promise<void>;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** How a service is brought to rest. */
type What = { stop: boolean; isAwaited?: boolean } & Pick<Partial<BackupConfig>, "before" | "after">;

/** Brings a service and its files to rest for a time, and back, whatever happens meanwhile. */
export class Rest {
  readonly #deps: RestDeps;
  /** What somebody has stopped while it was at rest: services, and processes as `SERVICE/PROCESS`. */
  readonly #stoppedSince = new Set<string>();

  constructor(deps: RestDeps) {
    this.#deps = deps;
  }

  /** While files are read: stopped where the set is cold, and between its `before` and `after`. */
  async during<T>(of: Of, set: BackupConfig, how: Patience, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { mode, before, after } = set;
    const half = halfRestoredInWords(this.#deps.records, of.service);
    if (half !== undefined) throw new OstlerError("wrong-state", `${of.service} is not backed up: ${half}`);
    const stop = mode === "cold";
    if (!stop && !before) return call(how.signal);
    const quiesced = (): Promise<T> => this.#quiesced(of, { stop, before, after }, how, call);
    return stop ? this.#deps.exclusively(of.service, quiesced) : quiesced();
  }

  /** While files are put in place. @throws OstlerError `wrong-state` when it runs and is not to be stopped */
  whileStopped<T>(of: Of, isToStop: boolean, how: Patience, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#deps.exclusively(of.service, () => {
      const running = this.#wanted(of.service);
      if (running.length === 0 || isToStop)
        return this.#quiesced(of, { stop: running.length > 0, isAwaited: true }, how, call);
      throw new OstlerError(
        "wrong-state",
        `${of.service} runs (${running.join(", ")}), and would not know what happens to its files. Stop it before, or say --stop.`,
      );
    });
  }

  /** Who is stopped by somebody is not wanted back, however late that comes. */
  heedStop(service: string, process: string | undefined): void {
    this.#stoppedSince.add(process === undefined ? service : `${service}/${process}`);
  }

  /** Begins to bring back what an agent before this one had brought to rest. */
  recover(stop: AbortSignal): Promise<{ recoveries: Recovery[]; problems: string[] }> {
    return recoverQuiesced(this.#leave, this.#quiesceDeps(stop));
  }

  #quiesced<T>(
    of: Of,
    { stop, before, after, isAwaited = false }: What,
    { signal, timeoutMs }: Patience,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { runHook, stopped } = this.#deps;
    const { service, backup } = of;
    const record: QuiesceRecord = {
      ...{ service, name: backup, hooks: before !== undefined, ...(after ? { after } : {}) },
      stopped: stop ? this.#wanted(service) : [],
    };
    for (const key of this.#stoppedSince)
      if (key === service || key.startsWith(`${service}/`)) this.#stoppedSince.delete(key); // That was before.
    const enter = async (its: AbortSignal): Promise<void> => {
      if (stop) await this.#deps.stop(service, record.stopped, its);
      if (before) await runHook({ service, name: `${backup}-before` }, before, {}, its);
    };
    const patience = { enterMs: enterMs + (before?.timeout ?? 0), duringMs: timeoutMs, signal, isAwaited };
    return withQuiesced(record, { enter, leave: this.#leave, ...patience }, call, this.#quiesceDeps(stopped));
  }

  #quiesceDeps(stop: AbortSignal): QuiesceDeps {
    const { clock, random, records, degraded, recovered } = this.#deps;
    const partOf = ({ service, name }: { service: string; name: string }): string => `backups ${service}/${name}: rest`;
    return {
      ...{ directory: records, clock, random, stop, leaveMs },
      degraded: (of, reason) => (reason === undefined ? recovered(partOf(of)) : degraded(partOf(of), reason)),
    };
  }

  /**
   * Files first: nobody is to start on what is half restored. Then `after`, since what it undoes may be needed by the service, which is
   * started even when that fails.
   */
  readonly #leave: Leave = async ({ service, name, hooks, after: then, stopped }, undone, signal) => {
    const { setOf, runHook, records } = this.#deps;
    const of = { service, backup: name };
    const swap = await recoverSwap(swapRecordOf(records, of));
    if (swap) undone([swappedInWords(swap)], {});
    const after = hooks ? (setOf(of)?.after ?? then) : undefined;
    try {
      if (after) {
        await runHook({ service, name: `${name}-after` }, after, {}, signal);
        undone(["`after` was run"], { hooks: false });
      }
    } finally {
      const started = await this.#startAgain(service, stopped, signal);
      undone(
        started.map((process) => `${process} was started`),
        { stopped: [] },
      );
    }
  };

  /** Whoever has isolated it meanwhile wants it stopped. @throws OstlerError when its owner has not started it */
  async #startAgain(service: string, stopped: readonly string[], signal: AbortSignal): Promise<string[]> {
    const { start, state } = this.#deps;
    const its = own(state().services, service);
    if (!its || its.isolation) return [];
    const known = stopped.filter(
      (process) => own(its.processes, process) !== undefined && !this.#isStopped(service, process),
    );
    const starts = await Promise.allSettled(known.map((process) => start(service, process, signal)));
    const failed = starts.find((one) => one.status === "rejected");
    // What the supervisor could not start, it tries again, and tells.
    if (failed && its.attached) throw failed.reason;
    return known;
  }

  #isStopped(service: string, process: string): boolean {
    return this.#stoppedSince.has(service) || this.#stoppedSince.has(`${service}/${process}`);
  }

  #wanted(service: string): string[] {
    const { services } = this.#deps.state();
    const its = own(services, service);
    if (!its) throw notFound("service", service, Object.keys(services));
    return wantedOf(its);
  }
}

/** The processes that run or are about to. */
function wantedOf({ processes }: ServiceState): string[] {
  const phases = ["running", "stopping", "exited", "waiting", "deferred", "scheduled"];
  return Object.entries(processes)
    .filter(([, { phase }]) => phases.includes(phase.name))
    .map(([name]) => name);
}
