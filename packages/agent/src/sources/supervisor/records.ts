import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "../../platform/proc.js";

/**
 * What keepers and agents know of each other, as names of empty files in one directory a boot:
 *
 *     <service>.<process>.<run>.claimed                 whoever creates it decides whether this run happens
 *     <service>.<process>.<run>.started.<pid>.<ticks>   created by the keeper before the service's program begins
 *     <service>.<process>.<run>.exited.<status>         created by the keeper when it has ended
 *     <service>.<process>.<run>.note                    what the keeper's shell says: names a signal, or its own failure
 *     <service>.<process>.<run>.output.<stdout>.<stderr> how long its spools were when it was launched (output-record.ts)
 *     <service>.<process>.stopped                       somebody stopped it; it stays stopped
 *
 * A name appears whole or not at all, needs no space on a full disk, and reaches a watcher without being read.
 */
export type Slot = { service: string; process: string };
export type RunRecord = { run: number; claimed: boolean; started?: Identity; status?: number };
export type SlotRecord = { stopped: boolean; runs: RunRecord[] };

/** One file name, understood. */
export type Mark = Slot &
  (
    | { mark: "stopped" }
    | { mark: "claimed" | "note" | "output"; run: number }
    | { mark: "started"; run: number; identity: Identity }
    | { mark: "exited"; run: number; status: number }
  );

export function runPrefix(directory: string, { service, process }: Slot, run: number): string {
  return join(directory, `${service}.${process}.${run}`);
}

export function parseMark(name: string): Mark | undefined {
  const [service = "", process = "", third = "", mark, a, b] = name.split(".");
  if (third === "stopped") return { service, process, mark: "stopped" };
  const run = Number(third);
  if (!Number.isSafeInteger(run) || run < 1) return undefined;
  const slot = { service, process, run };
  if (mark === "claimed" || mark === "note" || mark === "output") return { ...slot, mark };
  if (mark === "started") return { ...slot, mark, identity: { pid: Number(a), startTicks: Number(b) } };
  if (mark === "exited") return { ...slot, mark, status: Number(a) };
  return undefined;
}

/** Everything recorded about one process, runs in order. */
export function readSlot(directory: string, slot: Slot): SlotRecord {
  const runs = new Map<number, RunRecord>();
  let stopped = false;
  for (const mark of allMarks(directory)) {
    if (mark.service !== slot.service || mark.process !== slot.process) continue;
    if (mark.mark === "stopped") {
      stopped = true;
      continue;
    }
    const record = runs.get(mark.run) ?? { run: mark.run, claimed: false };
    if (mark.mark === "claimed") record.claimed = true;
    if (mark.mark === "started") record.started = mark.identity;
    if (mark.mark === "exited") record.status = mark.status;
    runs.set(mark.run, record);
  }
  return { stopped, runs: [...runs.values()].sort((a, b) => a.run - b.run) };
}

/** All marks, those of a run in the order in which they were left. */
export function allMarks(directory: string): Mark[] {
  const marks = readdirSync(directory).flatMap((name) => parseMark(name) ?? []);
  return marks.sort((a, b) => order.indexOf(a.mark) - order.indexOf(b.mark));
}

const order: Mark["mark"][] = ["claimed", "note", "output", "started", "exited", "stopped"];

export function marksOf(directory: string, slot: Slot, run: number): Mark[] {
  return allMarks(directory).filter(
    (mark) =>
      mark.service === slot.service && mark.process === slot.process && mark.mark !== "stopped" && mark.run === run,
  );
}

/** Takes the decision whether a run happens. False when its keeper was faster: then it happens. */
export function claim(directory: string, slot: Slot, run: number): boolean {
  try {
    closeSync(openSync(`${runPrefix(directory, slot, run)}.claimed`, "wx", 0o600));
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw failure;
  }
}

/** Remembers, until the host reboots, that somebody stopped the process. */
export function setStopped(directory: string, { service, process }: Slot, stopped: boolean): void {
  const path = join(directory, `${service}.${process}.stopped`);
  if (stopped) closeSync(openSync(path, "w", 0o600));
  else rmSync(path, { force: true });
}

/** Forgets the runs before `run`. */
export function forgetBefore(directory: string, slot: Slot, run: number): void {
  forget(directory, slot, (mark) => mark.mark !== "stopped" && mark.run < run);
}

export function forgetSlot(directory: string, slot: Slot): void {
  forget(directory, slot, () => true);
}

function forget(directory: string, slot: Slot, which: (mark: Mark) => boolean): void {
  for (const name of readdirSync(directory)) {
    const mark = parseMark(name);
    if (mark?.service === slot.service && mark.process === slot.process && which(mark))
      rmSync(join(directory, name), { force: true });
  }
}

export function makeDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}
