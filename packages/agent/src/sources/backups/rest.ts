import { notFound, OstlerError, own, type HostState, type ServiceState } from "@ostler/protocol";
import type { BackupConfig, BackupHook } from "../../config/backups.js";
import type { Clock } from "../../core/clock.js";
import { recoverQuiesced, withQuiesced, type QuiesceDeps } from "./quiesce.js";
import type { QuiesceRecord } from "./quiesce-record.js";

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
  stop: (service: string, signal: AbortSignal) => Promise<void>;
  start: (service: string, process: string, signal: AbortSignal) => Promise<void>;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** Brings a service and its files to rest for a time, and back, whatever happens meanwhile. */
export class Rest {
  readonly #deps: RestDeps;

  constructor(deps: RestDeps) {
    this.#deps = deps;
  }

  /** While files are read: stopped where the set is cold, and between its `before` and `after`. */
  during<T>(of: Of, set: BackupConfig, how: Patience, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { mode, before } = set;
    const stop = mode === "cold";
    if (!stop && !before) return call(how.signal);
    const quiesced = (): Promise<T> => this.#quiesced(of, { stop, before }, how, call);
    return stop ? this.#deps.exclusively(of.service, quiesced) : quiesced();
  }

  /** While files are put in place. @throws OstlerError `wrong-state` when it runs and is not to be stopped */
  whileStopped<T>(of: Of, isToStop: boolean, how: Patience, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#deps.exclusively(of.service, () => {
      const running = this.#wanted(of.service);
      if (running.length === 0) return call(how.signal);
      if (isToStop) return this.#quiesced(of, { stop: true, before: undefined }, how, call);
      throw new OstlerError(
        "wrong-state",
        `${of.service} runs (${running.join(", ")}), and would not know what happens to its files. Stop it before, or say --stop.`,
      );
    });
  }

  /** Brings back what an agent before this one had brought to rest. Says of each set what was done. */
  async recover(stop: AbortSignal): Promise<(Of & { undone: string })[]> {
    const records = await recoverQuiesced((record, signal) => this.#leave(record, signal), this.#quiesceDeps(stop));
    return records.map(({ service, name, hooks, stopped }) => {
      const undone = [...(hooks ? ["`after` was run"] : []), ...stopped.map((process) => `${process} was started`)];
      return { service, backup: name, undone: undone.join(", ") };
    });
  }

  #quiesced<T>(
    of: Of,
    { stop, before }: { stop: boolean; before: BackupHook | undefined },
    { signal, timeoutMs }: Patience,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { runHook } = this.#deps;
    const { service, backup } = of;
    const record = {
      ...{ service, name: backup, hooks: before !== undefined },
      stopped: stop ? this.#wanted(service) : [],
    };
    const enter = async (its: AbortSignal): Promise<void> => {
      if (stop) await this.#deps.stop(service, its);
      if (before) await runHook({ service, name: `${backup}-before` }, before, {}, its);
    };
    const leave = (its: QuiesceRecord, until: AbortSignal): Promise<void> => this.#leave(its, until);
    const how = { enter, leave, enterMs: enterMs + (before?.timeout ?? 0), duringMs: timeoutMs, signal };
    return withQuiesced(record, how, call, this.#quiesceDeps(this.#deps.stopped));
  }

  #quiesceDeps(stop: AbortSignal): QuiesceDeps {
    const { clock, random, records, degraded, recovered } = this.#deps;
    const partOf = ({ service, name }: { service: string; name: string }): string => `backups ${service}/${name}: rest`;
    return {
      ...{ directory: records, clock, random, stop, leaveMs },
      degraded: (of, reason) => (reason === undefined ? recovered(partOf(of)) : degraded(partOf(of), reason)),
    };
  }

  /** `after` first: what it undoes may be needed by the service, which is started even when that fails. */
  async #leave({ service, name, hooks, stopped }: QuiesceRecord, signal: AbortSignal): Promise<void> {
    const { setOf, runHook, start, state } = this.#deps;
    const after = setOf({ service, backup: name })?.after;
    try {
      if (hooks && after) await runHook({ service, name: `${name}-after` }, after, {}, signal);
    } finally {
      const its = own(state().services, service);
      const known = stopped.filter((process) => its && own(its.processes, process) !== undefined);
      // Whoever has isolated it meanwhile wants it stopped. A start that fails is the supervisor's to try again, and to tell.
      if (its && !its.isolation) await Promise.allSettled(known.map((process) => start(service, process, signal)));
    }
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
