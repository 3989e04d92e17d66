import { messageOf, OstlerError, type Exit, type HostEvent } from "@ostler/protocol";
import type { ProcessConfig, RestartConfig } from "../../config/services.js";
import type { Clock } from "../../core/clock.js";
import { isAlive, uptimeMsOf, type Identity } from "../../platform/proc.js";
import { exitOf, keeperLives, readNote } from "./keeper.js";
import { launch, type LaunchDeps } from "./launch.js";
import { step, type Effect, type Input, type Restart, type State } from "./machine.js";
import type { Recovery } from "./recovery.js";
import { forgetSlot, marksOf, runPrefix, setStopped, type Mark, type Slot } from "./records.js";
import { endStrays, endTree, groupIsEmpty, signalRun, type Ended } from "./tree-end.js";

export type ProcessSpec = { config: ProcessConfig; restart: RestartConfig };

export type ProcessDeps = LaunchDeps & { clock: Clock; random: () => number; agentId: string };

/** A run whose program has begun. `ending` settles when nobody of it is left. */
type Run = { run: number; identity: Identity; over: boolean; whileAway: boolean; ending?: Promise<void> };

/**
 * One process of a service: performs what machine.ts decides and feeds back what happened.
 * Disposing it forgets the process; the process itself goes on under its keeper.
 */
export class SupervisedProcess implements Disposable {
  readonly slot: Slot;
  #spec: ProcessSpec;
  #state: State;
  #run: Run | undefined;
  #why = "";
  #lostMs: number | undefined;
  readonly #deps: ProcessDeps;
  readonly #inputs: Input[] = [];
  #feeding = false;
  readonly #timers = new Set<() => void>();
  readonly #watchers = new Set<() => void>();
  readonly #end = new AbortController();

  constructor(slot: Slot, spec: ProcessSpec, state: State, deps: ProcessDeps) {
    this.slot = slot;
    this.#spec = spec;
    this.#state = state;
    this.#deps = deps;
  }

  /** The first process of the running program and the mark of its descendants; nothing while none runs. */
  get running(): { identity: Identity; mark: string } | undefined {
    const run = this.#run;
    return run && !run.over ? { identity: run.identity, mark: this.#markOf(run.run) } : undefined;
  }

  /** It runs, or would if it could. */
  get isWanted(): boolean {
    return ["starting", "running", "waiting", "gave-up"].includes(this.#state.name);
  }

  /** Settings that are read when they are used; the caller restarts the process where that is not enough. */
  reconfigure(spec: ProcessSpec): void {
    this.#spec = spec;
  }

  /** Goes on where an agent before this one was (see recovery.ts). */
  resume({ exits, last }: Recovery): void {
    for (const { run, pid, exit } of exits) {
      const data = { ...this.slot, run, pid, exit, uptimeMs: 0, expected: false, whileAway: true };
      this.#deps.publish({ type: "service.exited", data });
    }
    if (last.is === "alive") {
      const { run, identity } = last;
      this.#run = { run, identity, over: false, whileAway: false };
      this.feed({ input: "adopted", run, ...identity, uptimeMs: uptimeMsOf(identity.startTicks) });
    }
    if (last.is === "ended") {
      this.#run = { run: last.run, identity: last.identity, over: false, whileAway: true };
      if (last.status !== undefined) this.#onExited(last.run, last.status);
    }
  }

  /** Done when it runs. @throws OstlerError when it cannot, or nobody waits any more */
  async start(signal: AbortSignal): Promise<void> {
    this.#setStopped(false);
    this.feed({ input: "start" });
    await this.#settled(signal);
  }

  /** Done when nothing of it is left. @throws OstlerError when nobody waits any more, or the wish could not be recorded */
  async stop(signal: AbortSignal): Promise<void> {
    const unrecorded = this.#setStopped(true);
    this.feed({ input: "stop" });
    await this.#until((state) => state.name === "stopped", signal);
    if (unrecorded === undefined) return;
    const { service, process } = this.slot;
    throw new OstlerError(
      "failed",
      `"${service}/${process}" is stopped, but a restart of the agent will start it: ${unrecorded}`,
    );
  }

  /** Done when the new run runs, or with `backOff` waits for its turn. @throws OstlerError when it cannot, or nobody waits any more */
  async restart(restart: Restart, signal: AbortSignal): Promise<void> {
    this.#setStopped(false);
    this.feed({ input: "restart", ...restart });
    await this.#settled(signal, restart.backOff);
  }

  /** Lets go of the process for ever: nothing of it is left on the disk but its output. */
  forget(): void {
    this[Symbol.dispose]();
    forgetSlot(this.#deps.records, this.slot);
  }

  /** Something was recorded about this process; a repeated mark does nothing. */
  onMark(mark: Mark): void {
    if (mark.mark === "started") this.#onStarted(mark.run, mark.identity);
    if (mark.mark === "exited") this.#onExited(mark.run, mark.status);
  }

  /** Finds what no record told: whoever kills a keeper takes the exit status with it. Called about once a second. */
  look(): void {
    const { name, run } = this.#state;
    const begun = this.#run?.run === run ? this.#run : undefined;
    const lost = begun
      ? !begun.over && !isAlive(begun.identity)
      : (name === "starting" || name === "cancelling") && !keeperLives(runPrefix(this.#deps.records, this.slot, run));
    const now = this.#deps.clock.monotonic();
    this.#lostMs = lost ? (this.#lostMs ?? now) : undefined;
    if (this.#lostMs === undefined || now - this.#lostMs < 500) return; // Its keeper may be about to record it.
    this.#lostMs = undefined;
    const reason = "its keeper was killed before it could record it";
    if (begun) this.#onOver(run, { kind: "unknown", reason });
    else this.feed({ input: "start-failed", run, reason });
  }

  feed(input: Input): void {
    if (this.#end.signal.aborted) return;
    this.#inputs.push(input);
    if (this.#feeding) return;
    this.#feeding = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      const { config, restart } = this.#spec;
      const context = { ...this.slot, restart, stop: config.stop, random: this.#deps.random };
      const [state, effects] = step(this.#state, next, context);
      this.#state = state; // The only assignment of #state in the program.
      for (const effect of effects) this.#perform(effect);
    }
    this.#feeding = false;
    for (const watcher of [...this.#watchers]) watcher();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#clearTimers();
  }

  #perform(effect: Effect): void {
    switch (effect.effect) {
      case "spawn":
        return this.#spawn(effect.run);
      case "signal":
        return this.#signal();
      case "timer":
        return this.#setTimer(effect.afterMs, { input: effect.input });
      case "clear-timers":
        return this.#clearTimers();
      case "publish":
        return this.#publish(effect.event);
      default:
        return effect satisfies never;
    }
  }

  #publish(event: HostEvent): void {
    if (event.type === "service.start-failed") this.#why = event.data.reason;
    if (event.type === "service.delayed") this.#why = event.data.because;
    if (event.type === "service.gave-up") this.#why = event.data.reason;
    this.#deps.publish(event);
  }

  #setTimer(afterMs: number, input: Input): void {
    const cancel = this.#deps.clock.after(afterMs, () => {
      this.#timers.delete(cancel);
      this.feed(input);
    });
    this.#timers.add(cancel);
  }

  #clearTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #spawn(run: number): void {
    launch(this.slot, run, this.#markOf(run), this.#spec.config, this.#deps, {
      failed: (reason) => this.feed({ input: "start-failed", run, reason }),
      keeperEnded: (status) => this.#onKeeperEnded(run, status),
    });
  }

  /** Our own child tells even what it could not record. */
  #onKeeperEnded(run: number, status: number | null): void {
    if (this.#end.signal.aborted) return;
    for (const mark of marksOf(this.#deps.records, this.slot, run)) this.onMark(mark);
    if (this.#run?.run === run) {
      if (status !== null) this.#onExited(run, status);
      return;
    }
    const said = readNote(runPrefix(this.#deps.records, this.slot, run)) || "another agent had claimed the run";
    this.feed({ input: "start-failed", run, reason: `its keeper could not record the start: ${said}` });
  }

  #onStarted(run: number, identity: Identity): void {
    if (this.#state.run !== run || this.#run?.run === run) return;
    this.#run = { run, identity, over: false, whileAway: false };
    this.feed({ input: "started", run, ...identity });
  }

  #onExited(run: number, status: number): void {
    this.#onOver(run, exitOf(status, readNote(runPrefix(this.#deps.records, this.slot, run))));
  }

  /** The first process ended. The process as a whole has when nobody of its group is left. */
  #onOver(run: number, exit: Exit): void {
    const current = this.#run;
    if (current?.run !== run || current.over) return;
    current.over = true;
    const { identity, whileAway } = current;
    const uptimeMs = uptimeMsOf(identity.startTicks);
    const ended = (): void => this.feed({ input: "exited", run, pid: identity.pid, exit, uptimeMs, whileAway });
    if (this.#state.name === "stopping") void this.#empty(current).then(ended);
    else if (groupIsEmpty(identity)) {
      ended();
      void this.#endStrays(current);
    } else void this.#endStrays(current).then(ended);
  }

  #signal(): void {
    const run = this.#run;
    if (!run || run.over) return;
    signalRun(run.identity, this.#spec.config.stop.signal as NodeJS.Signals);
    void this.#empty(run);
  }

  /** Waits until nobody of the run is left, at most for the stop timeout; then by force. */
  #empty(run: Run): Promise<void> {
    return (run.ending ??= this.#ended(run, "they did not end within the stop timeout", endTree));
  }

  /** Whoever outlived the first process would hold its ports and files: asked to end, at most for the stop timeout; then by force. */
  #endStrays(run: Run): Promise<void> {
    return (run.ending ??= this.#ended(run, "they had outlived the first process of their run", endStrays));
  }

  async #ended(run: Run, reason: string, end: typeof endTree): Promise<void> {
    const { clock } = this.#deps;
    const deadlineMs = clock.monotonic() + this.#spec.config.stop.timeout;
    const { killed, survivors }: Ended = await end(
      run.identity,
      this.#markOf(run.run),
      deadlineMs,
      clock,
      this.#end.signal,
    );
    if (killed.length > 0)
      this.#deps.publish({ type: "service.killed", data: { ...this.slot, pids: killed, survivors, reason } });
  }

  /** Why it could not be recorded, for the one who wants to know. */
  #setStopped(stopped: boolean): string | undefined {
    try {
      setStopped(this.#deps.records, this.slot, stopped);
      return undefined;
    } catch (failure) {
      return messageOf(failure);
    }
  }

  #markOf(run: number): string {
    return `${this.#deps.agentId}/${this.slot.service}/${this.slot.process}/${run}`;
  }

  async #settled(signal: AbortSignal, mayWait = false): Promise<void> {
    const name = await this.#until(({ name }) => !["starting", "cancelling", "stopping"].includes(name), signal);
    if (name === "running" || name === "completed" || (mayWait && name === "waiting")) return;
    const { service, process } = this.slot;
    throw new OstlerError("failed", `"${service}/${process}" is ${name}${this.#why === "" ? "" : `: ${this.#why}`}`);
  }

  #until(reached: (state: State) => boolean, signal: AbortSignal): Promise<State["name"]> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!reached(this.#state) && !signal.aborted) return;
        this.#watchers.delete(look);
        signal.removeEventListener("abort", look);
        if (reached(this.#state)) resolve(this.#state.name);
        else
          reject(
            new OstlerError("cancelled", `Nobody waits for "${this.slot.service}/${this.slot.process}" any more.`),
          );
      };
      this.#watchers.add(look);
      signal.addEventListener("abort", look);
      look();
    });
  }
}
