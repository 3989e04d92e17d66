import type { SpoolMark, SpoolRange } from "../../platform/spool.js";
import type { Begun } from "./launch.js";
import { recordedOutput } from "./output-record.js";
import type { Slot } from "./records.js";

/** A run that this agent has launched: what it was begun with, and where its output begins. */
export type Launched = { run: number; from: SpoolMark; begun?: Begun };

/** The runs of a process that were launched last: two of them, because one may begin while the other is told. */
export class Launches {
  readonly #records: string;
  readonly #slot: Slot;
  #last: Launched[] = [];

  constructor(records: string, slot: Slot) {
    this.#records = records;
    this.#slot = slot;
  }

  add(launched: Launched): void {
    this.#last = [...this.#last.slice(-1), launched];
  }

  /** The number of the run that was launched last; nothing when this agent has launched none. */
  get newest(): number | undefined {
    return this.#last.at(-1)?.run;
  }

  /** Where the output of a run is; of one that an earlier agent has launched, only if that has recorded it. */
  outputOf(run: number): SpoolRange | undefined {
    const at = this.#last.findIndex((launched) => launched.run === run);
    const from = at < 0 ? recordedOutput(this.#records, this.#slot, run) : this.#last[at]?.from;
    const next = this.#last[at + 1];
    return from && { from, ...(next ? { to: next.from } : {}) };
  }

  /** What a run was begun with; unknown of one that an earlier agent has launched. */
  begunOf(run: number): Begun | undefined {
    return this.#last.find((launched) => launched.run === run)?.begun;
  }
}
