import type { Readable } from "node:stream";
import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { outputOf } from "../journalctl.js";
import { ExportReader } from "./export-reader.js";
import { argsFor, CursorSearch, type JournalPosition } from "./journal-place.js";
import { unitEntry, type UnitEntry } from "./unit-entry.js";

export type JournalFollowerDeps = {
  clock: Clock;
  /** Takes entries, the first of which comes where the position says. Waited for before more is read. When it fails, the same comes again. */
  take: (entries: readonly UnitEntry[], from: JournalPosition) => Promise<void>;
  /** The journal has dropped what was read last, and perhaps more that came after it. */
  vacuumed: () => void;
  /** All that was there at the start has been taken. */
  caughtUp: (position: JournalPosition) => void;
  /** Told once, until `recovered`. */
  fault: (reason: string) => void;
  recovered: () => void;
  /** The agent's environment. */
  env?: NodeJS.ProcessEnv;
};

/** The first wait for another try; each next one is twice as long, up to the last. */
const firstRetryMs = 1000;
const lastRetryMs = 60_000;
/** A journalctl that has followed for so long does well. */
export const steadyMs = 5000;

/** What follows must not outlive an agent that is killed. */
const mortal = ["setpriv", "--pdeathsig", "KILL"];

/**
 * Follows what the journal has about a unit, each entry once, and goes on when journalctl ends. First it reads to the end:
 * a journalctl that follows shows nothing of earlier boots.
 */
export class JournalFollower implements AsyncDisposable {
  readonly #unit: string;
  readonly #deps: JournalFollowerDeps;
  readonly #stop = newStop();
  readonly #done: Promise<void>;
  #position: JournalPosition;
  #isCaughtUp = false;
  #isFaulty = false;
  #retryMs = firstRetryMs;

  static start(unit: string, position: JournalPosition, deps: JournalFollowerDeps): JournalFollower {
    return new JournalFollower(unit, position, deps);
  }

  private constructor(unit: string, position: JournalPosition, deps: JournalFollowerDeps) {
    this.#unit = unit;
    this.#position = position;
    this.#deps = deps;
    this.#done = this.#run(this.#stop.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, fault } = this.#deps;
    while (!signal.aborted) {
      const reason = await this.#round(signal);
      if (signal.aborted) return;
      if (!this.#isFaulty) fault(reason);
      this.#isFaulty = true;
      const waitMs = this.#retryMs;
      this.#retryMs = Math.min(lastRetryMs, 2 * waitMs);
      await clock.sleep(waitMs, signal);
    }
  }

  /** Reads to the end, then follows for as long as that goes well. Says why it does not any more. */
  async #round(signal: AbortSignal): Promise<string> {
    const { clock, caughtUp } = this.#deps;
    let cancel = (): void => {};
    try {
      while (!(await this.#readToEnd(signal))) this.#lose();
      if (signal.aborted) return "";
      if (!this.#isCaughtUp) caughtUp(this.#position);
      this.#isCaughtUp = true;
      cancel = clock.after(steadyMs, () => this.#steady());
      await this.#read(true, signal);
      return "journalctl ended although it was to follow";
    } catch (failure) {
      return messageOf(failure);
    } finally {
      cancel();
    }
  }

  /** False when the entry is gone after which it was to go on. */
  async #readToEnd(signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#read(false, signal)) || signal.aborted;
    } catch (failure) {
      // That is what it says of a cursor that tells it nothing.
      if (this.#position.cursor === undefined || !messageOf(failure).includes("Failed to seek to cursor"))
        throw failure;
      return false;
    }
  }

  /** False when the entry of the cursor has not come. Of another boot it does not come where it is followed. */
  async #read(isFollowing: boolean, signal: AbortSignal): Promise<boolean> {
    const command = [...mortal, "journalctl", ...argsFor(this.#unit, this.#position, isFollowing)];
    const reader = new ExportReader();
    const search = new CursorSearch(this.#position.cursor);
    for await (const chunk of outputOf(command, chunksOf, signal, this.#deps.env)) {
      const entries = search.rest(reader.feed(chunk).map(unitEntry));
      if (search.state === "gone" && !isFollowing) return false;
      if (signal.aborted) break;
      await this.#take(entries);
    }
    return search.state === "found";
  }

  async #take(entries: readonly UnitEntry[]): Promise<void> {
    const last = entries.at(-1);
    if (!last) return;
    await this.#deps.take(entries, this.#position);
    this.#position = { cursor: last.cursor, timeUsec: last.timeUsec };
  }

  /** Goes on with what was written since: what is there of that was never read, as the journal drops what is oldest. */
  #lose(): void {
    const { timeUsec } = this.#position;
    this.#position = timeUsec === undefined ? {} : { timeUsec };
    this.#deps.vacuumed();
  }

  #steady(): void {
    this.#retryMs = firstRetryMs;
    if (this.#isFaulty) this.#deps.recovered();
    this.#isFaulty = false;
  }
}

/** Some of what is written at a time; no more is read before that was taken. */
function chunksOf(stdout: Readable): AsyncIterable<Buffer> {
  return stdout;
}
