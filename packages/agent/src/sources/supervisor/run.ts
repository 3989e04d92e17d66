import type { Clock } from "../../core/clock.js";
import { isAlive, uptimeMsOf, type Identity } from "../../platform/proc.js";
import { endTree, groupIsEmpty, sendSignal, signalRun, type Ended } from "../../platform/tree-end.js";
import { treeOf } from "../../platform/tree.js";

export type RunDeps = {
  clock: Clock;
  /** Somebody had to be killed. */
  killed: (ended: Ended, reason: string) => void;
  /** Aborts when the agent lets go of the process. */
  signal: AbortSignal;
};

/** One run of a process: its first process, and everything that came from it. */
export class Run {
  readonly number: number;
  readonly identity: Identity;
  /** What every descendant carries in its environment. */
  readonly mark: string;
  /** The first process has ended. */
  over = false;
  /** Its first process ended by itself, with code 0. */
  endedWell = false;
  /** Its first process had to be killed after its stop timeout. */
  forced = false;
  readonly #deps: RunDeps;
  #ending: Promise<void> | undefined;

  constructor(number: number, identity: Identity, mark: string, deps: RunDeps) {
    this.number = number;
    this.identity = identity;
    this.mark = mark;
    this.#deps = deps;
  }

  get isAlive(): boolean {
    return isAlive(this.identity);
  }

  get uptimeMs(): number {
    return uptimeMsOf(this.identity.startTicks);
  }

  /** Asks everybody to end, by the signal of the configuration. Resolves when nobody is left, by force after the timeout. */
  stop(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    signalRun(this.identity, signal);
    return this.#end(timeoutMs, "they did not end within the stop timeout", false);
  }

  /** Asks whoever is left of a run that is being stopped, in another way than before. */
  escalate(signal: NodeJS.Signals): void {
    for (const pid of treeOf(this.identity, this.mark)) sendSignal(pid, signal);
  }

  /** Resolves when nobody is left of a run that is being stopped. */
  ended(): Promise<void> {
    return this.#ending ?? Promise.resolve();
  }

  /**
   * Ends whoever outlived the first process: they would hold its ports and files. Returns nothing when its group was empty
   * (a stray outside of it is then looked for meanwhile), else what resolves when nobody is left. Of one that ended well nobody
   * can tell so soon: to leave a daemon behind, outside of the group, may be just what it was to do.
   */
  endRest(timeoutMs: number): Promise<void> | undefined {
    const isEmpty = groupIsEmpty(this.identity) && !this.endedWell;
    const ending = this.#end(timeoutMs, "they had outlived the first process of their run", true);
    return isEmpty ? undefined : ending;
  }

  #end(timeoutMs: number, reason: string, ask: boolean): Promise<void> {
    return (this.#ending ??= this.#endAll(timeoutMs, reason, ask));
  }

  async #endAll(timeoutMs: number, reason: string, ask: boolean): Promise<void> {
    const { clock, killed, signal } = this.#deps;
    const deadlineMs = clock.monotonic() + timeoutMs;
    // A restart that is under way must not wait for the search through all processes.
    if (ask) await clock.sleep(0, signal);
    const ended = await endTree(this.identity, this.mark, { ask, deadlineMs }, clock, signal);
    this.forced = ended.killed.includes(this.identity.pid);
    if (ended.killed.length > 0) killed(ended, reason);
  }
}
