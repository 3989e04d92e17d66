import { execFile } from "node:child_process";
import { rm, rmdir, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { messageOf, OstlerError } from "@ostler/protocol";
import { doMoves, endMoves, planMoves, undoMoves, type KeepOld, type Step, type SwapUnit } from "./swap-moves.js";
import { makeStaging, planStaging, type Staging } from "./swap-places.js";
import { readSwapRecord, removeSwapRecord, writeSwapRecord, type Recovered, type SwapRecord } from "./swap-record.js";

/** Where the old is that was not removed. */
export type Swapped = { kept: string[] };

export type CommitOptions = {
  keepOld: KeepOld;
  /** Obeyed until the first rename; from there on it is quicker to finish. */
  signal: AbortSignal;
};

/**
 * Puts new things in place of old ones, all or none: they are staged beside their places and swapped by renames. What is
 * done is written down first, so that `recoverSwap` undoes or completes it after a crash. Disposing without a commit
 * leaves everything as it was.
 */
export class Swap implements AsyncDisposable {
  readonly #path: string;
  readonly #step: Step;
  #record: SwapRecord;
  /** What is left to do is for `recoverSwap`, or nothing. */
  #isOver = false;

  /** Makes a staging directory for the places of each file system; of places within each other the outermost counts. @throws OstlerError */
  static async begin(path: string, id: string, places: readonly string[], step: Step = () => undefined): Promise<Swap> {
    if (await readSwapRecord(path))
      throw new OstlerError(
        "wrong-state",
        `A restore was interrupted and is not undone yet: ${path}. Recover it first.`,
      );
    const plan = await planStaging(id, places);
    const swap = new Swap(
      path,
      { format: "ostler-swap/1", id, phase: "staging", ...plan, moves: [], dressed: [] },
      step,
    );
    try {
      await swap.#write({});
      await makeStaging(plan, () => step("make"));
      return swap;
    } catch (failure) {
      throw await swap.#undone(failure);
    }
  }

  private constructor(path: string, record: SwapRecord, step: Step) {
    this.#path = path;
    this.#record = record;
    this.#step = step;
  }

  /** Where what comes to each place is to be staged, at any depth. A place that is a mount point is staged in itself. */
  get stagings(): readonly Staging[] {
    return this.#record.stagings;
  }

  /** Swaps all units, or none: a failure undoes what was done. Places without a unit stay as they are. @throws OstlerError */
  async commit(units: readonly SwapUnit[], { keepOld, signal }: CommitOptions): Promise<Swapped> {
    try {
      for (const { place } of units) this.#refuseUnknown(place);
      const plan = await planMoves(this.#record.id, units, keepOld);
      await syncFiles(this.stagings, signal);
      await this.#write({ ...plan, phase: "swapping" });
      await doMoves(plan, this.#step);
      await this.#decide();
    } catch (failure) {
      throw await this.#undone(failure);
    }
    this.#isOver = true;
    return { kept: await complete(this.#path, this.#record, this.#step) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await undo(this.#path, this.#record, this.#step);
  }

  #refuseUnknown(place: string): void {
    if (!this.stagings.some(({ places }) => places.includes(place)))
      throw new OstlerError("internal", `${place} is to be restored, but was not prepared for it.`);
  }

  /** From here on a crash completes it: what counts is what is on the disk, also where writing has failed afterwards. */
  async #decide(): Promise<void> {
    try {
      await this.#write({ phase: "swapped" });
    } catch (failure) {
      if ((await readSwapRecord(this.#path))?.phase !== "swapped") throw failure;
    }
  }

  async #write(change: Partial<SwapRecord>): Promise<void> {
    const record = { ...this.#record, ...change };
    await writeSwapRecord(this.#path, record);
    this.#record = record;
    this.#step(`write ${record.phase}`);
  }

  async #undone(failure: unknown): Promise<OstlerError> {
    try {
      await this[Symbol.asyncDispose]();
    } catch (worse) {
      return new OstlerError(
        "failed",
        `A restore failed: ${messageOf(failure)}. Nor could it be undone: ${messageOf(worse)}. The next agent tries again, by ${this.#path}.`,
        { cause: failure },
      );
    }
    return failed(failure);
  }
}

/** After a crash: everything is as it was before or as it was to be, and nothing is left. Nothing where there was no swap. */
export async function recoverSwap(path: string, step: Step = () => undefined): Promise<Recovered | undefined> {
  const record = await readSwapRecord(path);
  if (!record) {
    await rm(`${path}.new`, { force: true });
    return undefined;
  }
  const { id } = record;
  const places = record.stagings.flatMap((staging) => staging.places);
  if (record.phase === "swapped") return { is: "completed", id, places, kept: await complete(path, record, step) };
  return { is: "undone", id, places, kept: await undo(path, record, step) };
}

async function complete(path: string, record: SwapRecord, step: Step): Promise<string[]> {
  const kept = await endMoves(record.moves, step);
  await removeStagings(record, step);
  await removeSwapRecord(path);
  return kept;
}

async function undo(path: string, record: SwapRecord, step: Step): Promise<string[]> {
  const kept = record.phase === "staging" ? [] : await undoMoves(record, step);
  await removeStagings(record, step);
  for (const parent of record.parents.toReversed()) {
    await rmdir(parent).catch(() => undefined); // It was not made yet, or somebody uses it by now.
    step(`remove ${parent}`);
  }
  await removeSwapRecord(path);
  return kept;
}

async function removeStagings({ stagings }: SwapRecord, step: Step): Promise<void> {
  for (const { directory } of stagings) {
    await rm(directory, { recursive: true, force: true });
    step(`remove ${directory}`);
  }
}

/** The new is on the disk before the old goes. Each file system is asked once. */
async function syncFiles(stagings: readonly Staging[], signal: AbortSignal): Promise<void> {
  const byDevice = new Map<number, string>();
  for (const { directory } of stagings) byDevice.set((await stat(directory)).dev, directory);
  for (const directory of byDevice.values()) await promisify(execFile)("sync", ["-f", directory], { signal });
}

function failed(failure: unknown): OstlerError {
  if (failure instanceof OstlerError) return failure;
  const { code, name } = failure as NodeJS.ErrnoException;
  if (name === "AbortError") return new OstlerError("cancelled", "The restore was cancelled; everything is as it was.");
  if (code === "EXDEV")
    return new OstlerError(
      "failed",
      `Nothing was restored, and everything is as it was: ${messageOf(failure)}. Restore the places one after the other (\`--only\`): then each is prepared beside itself.`,
      { cause: failure },
    );
  return new OstlerError(
    code === "ENOSPC" || code === "EDQUOT" ? "disk-full" : "failed",
    `Nothing was restored, and everything is as it was: ${messageOf(failure)}.`,
    { cause: failure },
  );
}
