import { messageOf, OstlerError, type Awaited, type Exit, type HostEvent, type ProcessType } from "@ostler/protocol";
import { typeOf, type ProcessConfig } from "../../config/processes.js";
import { Changes } from "../../core/changes.js";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import type { Identity } from "../../platform/proc.js";
import type { Refusal } from "../../platform/refusal.js";
import { markOf } from "../../platform/tree.js";
import { markSpools, type SpoolRange } from "../../platform/spool.js";
import { causeOf } from "./cause.js";
import { exitOf, keeperLives, readNote, type Launch } from "./keeper.js";
import { launch, type Begun, type LaunchDeps } from "./launch.js";
import { Launches, type Launched } from "./launches.js";
import { findEvidence, type EvidenceDeps } from "./evidence.js";
import { endLeftBehind } from "./left-behind.js";
import { step } from "./machine.js";
import type { Context, Effect, Ended, Input, Restart, State } from "./states.js";
import { forgetNotifications, Notification } from "./notification.js";
import { recordOutput } from "./output-record.js";
import { forgetSlot, marksOf, runPrefix, setStopped, type Mark, type Slot } from "./records.js";
import type { Recovery } from "./recovery.js";
import { isClean } from "./restart-decision.js";
import { Run, type RunDeps } from "./run.js";
import type { ProcessSpec } from "./spec.js";

export type ProcessDeps = LaunchDeps &
  EvidenceDeps & {
    clock: Clock;
    random: () => number;
    agentId: string;
    /** How long nothing of a service may be started by itself, in milliseconds; nothing when it may. */
    heldMs: (service: string) => number | undefined;
    /** What has to come before a process starts; empty when nothing has to. */
    awaits: (slot: Slot) => readonly Awaited[];
    /** When a scheduled process is to run next, in milliseconds since 1970. */
    nextRunMs: (slot: Slot) => number | undefined;
  };

/** How long a keeper may take to record what we have seen already. */
const recordMs = 500;

const keeperKilled = "its keeper was killed before it could record it";

/**
 * One process of a service: performs what machine.ts decides and feeds back what happened.
 * Disposing it forgets the process; the process itself goes on under its keeper.
 */
export class SupervisedProcess implements Disposable {
  readonly slot: Slot;
  #spec: ProcessSpec;
  #state: State;
  /** The run that has begun last. */
  #run: Run | undefined;
  /** What the last run may notify of; nothing of one that does not notify. */
  #notification: Notification | undefined;
  /** Resolves when nobody is left of runs that an agent before this one has not ended to the last process. */
  #leftBehind: Promise<void> | undefined;
  readonly #launches: Launches;
  /** What went wrong last, for whoever waits for it to run. */
  #why = "";
  #lostMs: number | undefined;
  /** Why the wish that it be stopped could not be recorded. */
  #unrecorded: string | undefined;
  readonly #deps: ProcessDeps;
  readonly #inputs: Input[] = [];
  #feeding = false;
  readonly #timers = new Set<() => void>();
  readonly #changes = new Changes();
  readonly #end = newStop();

  constructor(slot: Slot, spec: ProcessSpec, state: State, deps: ProcessDeps) {
    this.slot = slot;
    this.#spec = spec;
    this.#state = state;
    this.#deps = deps;
    this.#launches = new Launches(deps.records, slot);
  }

  /** The run whose first process runs; nothing while none does. */
  get running(): Run | undefined {
    return this.#run?.over === false ? this.#run : undefined;
  }

  /** Where the output of a run is; of one that an earlier agent has launched, only if that has recorded it. */
  outputOf(run: number): SpoolRange | undefined {
    return this.#launches.outputOf(run);
  }

  /** What a run was begun with; unknown of one that an earlier agent has launched. */
  begunOf(run: number): Begun | undefined {
    return this.#launches.begunOf(run);
  }

  /** It runs, or would if it could. */
  get isWanted(): boolean {
    return ["starting", "running", "waiting", "deferred", "scheduled", "gave-up"].includes(this.#state.name);
  }

  get phase(): State["name"] {
    return this.#state.name;
  }

  get type(): ProcessType {
    return typeOf(this.#spec.config);
  }

  get config(): ProcessConfig {
    return this.#spec.config;
  }

  /** Settings that are read when they are used; the caller restarts the process where that is not enough. */
  reconfigure(spec: ProcessSpec): void {
    this.#spec = spec;
  }

  /**
   * Goes on where an agent before this one was (see recovery.ts); `marks` are those of all runs of which somebody is left,
   * `notifiedRun` is the last one that is known to have notified.
   */
  resume({ exits, last, state }: Recovery, marks: readonly string[], notifiedRun?: number): void {
    const own = marks.filter((mark) => mark.startsWith(this.#markOf("")));
    this.#endLeftBehind(last.is === "over" ? own : own.filter((mark) => mark !== this.#markOf(state.run)));
    for (const { run, pid, exit } of exits) {
      const cause = causeOf({
        exit,
        clean: isClean(exit, this.#spec.restart),
        asked: "no",
        forced: false,
        outOfMemory: false,
      });
      const data = { ...this.slot, run, pid, exit, cause, uptimeMs: 0, expected: false, whileAway: true };
      this.#deps.publish({ type: "service.exited", data });
    }
    if (last.is === "beginning" || last.is === "over") return;
    this.#run = this.#runOf(last.run, last.identity);
    if (state.name === "stopping") void this.#run.endRest(this.#spec.config.stop.timeout);
    const { uptimeMs } = this.#run;
    if (last.is === "alive") {
      this.feed({ input: "adopted", run: last.run, ...last.identity, uptimeMs });
      this.#expectAgain(last.run, notifiedRun === last.run);
    } else if (last.is === "undecided") this.#onOver(this.#run, last.exit, true, true);
    else if (last.status !== undefined) this.#onExited(last.run, last.status, true);
  }

  /** Done when it runs. @throws OstlerError when it cannot, or nobody waits any more */
  async start(signal: AbortSignal): Promise<void> {
    this.#setStopped(false);
    this.feed({ input: "start" });
    await this.settled(signal);
  }

  /** From here on it stays stopped whatever happens to the agent, and does not begin any more; a run that it has goes on. */
  intendStop(): void {
    this.#unrecorded = this.#setStopped(true);
    if (!this.running) this.feed({ input: "stop" });
  }

  /** Done when nothing of it is left. @throws OstlerError when nobody waits any more, or the wish could not be recorded */
  async stop(signal: AbortSignal): Promise<void> {
    this.intendStop();
    this.feed({ input: "stop" });
    await this.#until((state) => state.name === "stopped" && !this.#leftBehind, signal);
    await this.#run?.ended(); // Also of one that had ended before, and has left somebody behind.
    if (this.#unrecorded === undefined) return;
    throw new OstlerError(
      "failed",
      `${this.#name} is stopped, but a restart of the agent will start it: ${this.#unrecorded}`,
    );
  }

  /** Done when the new run runs, or with `backOff` waits for its turn. @throws OstlerError when it cannot, or nobody waits any more */
  async restart(restart: Restart, signal: AbortSignal): Promise<void> {
    this.beginRestart(restart);
    await this.settled(signal, restart.backOff);
  }

  beginRestart(restart: Restart): void {
    this.#setStopped(false);
    this.feed({ input: "restart", ...restart });
  }

  /** Done when a run that was to end has ended. @throws OstlerError when nobody waits any more */
  async down(signal: AbortSignal): Promise<void> {
    await this.#until(({ name }) => name !== "running" && name !== "stopping" && name !== "cancelling", signal);
  }

  /** Done when it runs, or has run where that is all it is to do, or need not. @throws OstlerError when it cannot, or nobody waits any more */
  async settled(signal: AbortSignal, mayWait = false): Promise<void> {
    const underWay = [
      "starting",
      "cancelling",
      "stopping",
      "deferred",
      ...(this.type === "oneshot" ? ["running"] : []),
    ];
    await this.#until(({ name }) => !underWay.includes(name), signal);
    const { name } = this.#state;
    if (["running", "completed", "scheduled"].includes(name) || (mayWait && name === "waiting")) return;
    throw new OstlerError("failed", `${this.#name} is ${name}${this.#why === "" ? "" : `: ${this.#why}`}`);
  }

  /** Lets go of the process for ever: nothing of it is left on the disk but its output. */
  forget(): void {
    this[Symbol.dispose]();
    forgetSlot(this.#deps.records, this.slot);
    forgetNotifications(this.#deps.records, this.slot);
  }

  /** Something was recorded about this process; a repeated mark does nothing. */
  onMark(mark: Mark): void {
    if (mark.mark === "started") this.#onStarted(mark.run, mark.identity);
    if (mark.mark === "exited") this.#onExited(mark.run, mark.status);
  }

  /** Finds what no record told: whoever kills a keeper takes the exit status with it. Called about once a second. */
  look(): void {
    this.#notification?.look();
    const { name, run } = this.#state;
    const begun = this.#run?.number === run ? this.#run : undefined;
    const isLost = begun ? !begun.over && !begun.isAlive : this.#awaitsKeeper(name) && !keeperLives(this.#prefix(run));
    const now = this.#deps.clock.monotonic();
    this.#lostMs = isLost ? (this.#lostMs ?? now) : undefined;
    if (this.#lostMs === undefined || now - this.#lostMs < recordMs) return;
    this.#lostMs = undefined;
    if (begun) this.#onOver(begun, { kind: "unknown", reason: keeperKilled }, false);
    else this.feed({ input: "start-failed", run, kind: "keeper", reason: keeperKilled });
  }

  feed(input: Input): void {
    if (this.#end.signal.aborted) return;
    this.#inputs.push(input);
    if (this.#feeding) return;
    this.#feeding = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      const [state, effects] = step(this.#state, next, this.#context);
      this.#state = state; // The only assignment of #state in the program.
      // Acting comes before telling: a new process need not wait until all have heard of the end of the old one.
      for (const effect of effects) if (effect.effect !== "publish") this.#act(effect);
      for (const effect of effects) if (effect.effect === "publish") this.#publish(effect.event);
    }
    this.#feeding = false;
    this.#changes.notify();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#dropNotification();
    this.#clearTimers();
    this.#changes.notify();
  }

  get #context(): Context {
    const { config, restart } = this.#spec;
    const { clock, random, heldMs, awaits, nextRunMs } = this.#deps;
    const nextMs = config.cron && nextRunMs(this.slot);
    return {
      ...this.slot,
      type: typeOf(config),
      restart,
      stop: config.stop,
      nowMs: clock.now(),
      random,
      heldMs: heldMs(this.slot.service),
      awaits: awaits(this.slot),
      overlap: config.cron?.overlap ?? "skip",
      maxRuntimeMs: config.max_runtime,
      ...(nextMs === undefined ? {} : { next: new Date(nextMs).toISOString() }),
    };
  }

  #act(effect: Exclude<Effect, { effect: "publish" }>): void {
    switch (effect.effect) {
      case "spawn":
        return this.#spawn(effect.run);
      case "signal":
        return this.#signal();
      case "escalate":
        return this.#run?.escalate(effect.signal as NodeJS.Signals);
      case "timer":
        return this.#setTimer(effect.afterMs, { input: effect.input });
      case "clear-timers":
        return this.#clearTimers();
      default:
        return effect satisfies never;
    }
  }

  #publish(event: HostEvent): void {
    if (event.type === "service.start-failed" || event.type === "service.gave-up") this.#why = event.data.reason;
    if (event.type === "service.delayed") this.#why = event.data.because;
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

  /** Starts a run, but never beside what is left of those before. */
  #spawn(run: number): void {
    const rest = this.#run?.over ? this.#run.endRest(this.#spec.config.stop.timeout) : undefined;
    if (rest || this.#leftBehind) void Promise.all([rest, this.#leftBehind]).then(() => this.#launch(run));
    else this.#launch(run);
  }

  #endLeftBehind(marks: readonly string[]): void {
    if (marks.length === 0) return;
    const ending = endLeftBehind(marks, this.#spec.config.stop.timeout, this.#runDeps);
    this.#leftBehind = ending.then(() => {
      this.#leftBehind = undefined;
      this.#changes.notify();
    });
  }

  #launch(run: number): void {
    if (this.#state.run !== run || this.#end.signal.aborted) return;
    const failed = (refusal: Refusal): void => this.feed({ input: "start-failed", run, ...refusal });
    if (this.#state.name === "cancelling")
      return failed({ kind: "cancelled", reason: "it was stopped before it could begin" });
    const keeperEnded = (status: number | null): void => this.#onKeeperEnded(run, status);
    const notify = this.#expectNotification(run);
    if (notify && "reason" in notify) return failed({ kind: "host", reason: notify.reason });
    const from = markSpools(this.#deps.spools, this.slot.service, this.slot.process);
    const launched: Launched = { run, from };
    this.#launches.add(launched);
    if (this.#spec.config.marker) recordOutput(this.#deps.records, this.slot, run, from);
    const begun = (what: Begun): void => void (launched.begun = what);
    launch(this.slot, run, this.#markOf(run), this.#spec.config, this.#deps, { begun, failed, keeperEnded }, notify);
  }

  /** Our own child tells even what it could not record. */
  #onKeeperEnded(run: number, status: number | null): void {
    if (this.#end.signal.aborted) return;
    // Of a keeper that was killed the half that becomes the service may live: it leaves its record, or `look` misses it.
    const halfLives = status === null && keeperLives(this.#prefix(run));
    for (const mark of marksOf(this.#deps.records, this.slot, run)) this.onMark(mark);
    if (this.#run?.number === run) {
      if (status !== null) this.#onExited(run, status);
      return;
    }
    if (halfLives) return;
    const said = readNote(this.#prefix(run)) || "another agent had claimed the run";
    const reason = status === null ? keeperKilled : `its keeper could not record the start: ${said}`;
    this.feed({ input: "start-failed", run, kind: "keeper", reason });
  }

  #onStarted(run: number, identity: Identity): void {
    if (this.#state.run !== run || this.#run?.number === run) return;
    this.#run = this.#runOf(run, identity);
    this.feed({ input: "started", run, ...identity });
    if (this.#notification?.run !== run) this.#expectAgain(run, false);
    this.#tellNotified();
  }

  #onExited(run: number, status: number, whileAway = false): void {
    if (this.#run?.number === run) this.#onOver(this.#run, exitOf(status, readNote(this.#prefix(run))), whileAway);
  }

  /** The first process has ended. One that is being stopped has ended when nobody is left. */
  #onOver(run: Run, exit: Exit, whileAway: boolean, told = false): void {
    if (run.over) return;
    this.#notification?.look(); // Who has notified and ended is told in this order.
    this.#dropNotification();
    run.over = true;
    run.endedWell = exit.kind === "code" && exit.code === 0;
    if (this.#state.name === "stopping")
      void run.ended().then(() => {
        const { forced, uptimeMs } = run;
        this.#tellEnd(run, { exit, forced, outOfMemory: false, uptimeMs, whileAway, told });
      });
    else {
      const { uptimeMs } = run;
      const evidence = this.#evidenceOf(run, exit, uptimeMs);
      this.#tellEnd(run, { exit, forced: false, ...evidence, uptimeMs, whileAway, told });
      void run.endRest(this.#spec.config.stop.timeout);
    }
  }

  /** Makes ready to hear a run that is about to begin; tells where it notifies, or why it could not. */
  #expectNotification(run: number): Launch["notify"] | { reason: string } {
    this.#dropNotification();
    const { notify_fd: fd } = this.#spec.config;
    if (fd === undefined) return undefined;
    try {
      this.#notification = Notification.expect(this.#deps.records, this.slot, run, () => this.#tellNotified());
      return { fd, file: this.#notification.file };
    } catch (failure) {
      return { reason: `the file on which it would notify cannot be made: ${messageOf(failure)}` };
    }
  }

  /** Listens on to a run that an agent before this one has launched. */
  #expectAgain(run: number, isKnown: boolean): void {
    if (this.#spec.config.notify_fd === undefined) return;
    const { records } = this.#deps;
    this.#notification = Notification.resume(records, this.slot, run, isKnown, () => this.#tellNotified());
    this.#tellNotified();
  }

  #dropNotification(): void {
    this.#notification?.[Symbol.dispose]();
    this.#notification = undefined;
  }

  /** Tells once that the run has notified. What is noticed before the record of its start is told with that. */
  #tellNotified(): void {
    const run = this.running;
    if (!run || this.#notification?.run !== run.number || !this.#notification.take()) return;
    const tookMs = Math.round(run.uptimeMs);
    this.#deps.publish({ type: "service.notified", data: { ...this.slot, run: run.number, tookMs } });
  }

  #tellEnd({ number, identity }: Run, ended: Ended & { uptimeMs: number; whileAway: boolean; told: boolean }): void {
    this.feed({ input: "exited", run: number, pid: identity.pid, ...ended });
  }

  #evidenceOf({ number, identity }: Run, exit: Exit, uptimeMs: number): ReturnType<typeof findEvidence> {
    const output = this.outputOf(number);
    return findEvidence(this.slot, { exit, pid: identity.pid, uptimeMs, output }, this.#deps);
  }

  #signal(): void {
    const { signal, timeout } = this.#spec.config.stop;
    void this.running?.stop(signal as NodeJS.Signals, timeout);
  }

  #runOf(number: number, identity: Identity): Run {
    return new Run(number, identity, this.#markOf(number), this.#runDeps);
  }

  get #runDeps(): RunDeps {
    return {
      clock: this.#deps.clock,
      signal: this.#end.signal,
      killed: ({ killed: pids, survivors }, reason) =>
        this.#deps.publish({ type: "service.killed", data: { ...this.slot, pids, survivors, reason } }),
    };
  }

  /** It was launched, and its keeper has not recorded the start yet. */
  #awaitsKeeper(name: State["name"]): boolean {
    const isLaunched = this.#run === undefined || this.#launches.newest === this.#state.run;
    return (name === "starting" || name === "cancelling") && isLaunched && !this.#leftBehind;
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

  #prefix(run: number): string {
    return runPrefix(this.#deps.records, this.slot, run);
  }

  #markOf(run: number | ""): string {
    return markOf(this.#deps.agentId, this.slot.service, this.slot.process, run);
  }

  get #name(): string {
    return `"${this.slot.service}/${this.slot.process}"`;
  }

  async #until(reached: (state: State) => boolean, signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, this.#end.signal]);
    while (!reached(this.#state)) {
      if (until.aborted) throw new OstlerError("cancelled", `Nobody waits for ${this.#name} any more.`);
      await this.#changes.next(until);
    }
  }
}
