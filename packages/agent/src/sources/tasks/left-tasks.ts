import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { endTree } from "../../platform/tree-end.js";
import { taskIn, treeOf } from "../../platform/tree.js";

export type LeftTasksDeps = { publish: Publish; clock: Clock; marks: readonly string[] };

/** How long whoever is asked to end has for it. */
const graceMs = 5000;

/** Ends the tasks that an agent before this one was running when it was killed: nobody waits for them any more. */
export class LeftTasks implements Disposable {
  /** Resolves when nothing is left of them. Until then no task may begin: it would carry the mark of one that is ended. */
  readonly ended: Promise<void>;
  readonly #end = newStop();

  constructor(deps: LeftTasksDeps) {
    this.ended = Promise.all(deps.marks.map((mark) => this.#endOne(mark, deps))).then(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #endOne(mark: string, { publish, clock }: LeftTasksDeps): Promise<void> {
    const pids = treeOf(undefined, mark);
    const how = { ask: true, deadlineMs: clock.monotonic() + graceMs };
    const { killed, survivors } = await endTree(undefined, mark, how, clock, this.#end.signal);
    if (this.#end.signal.aborted) return;
    publish({ type: "task.interrupted", data: { ...taskIn(mark), pids, killed, survivors } });
  }
}
