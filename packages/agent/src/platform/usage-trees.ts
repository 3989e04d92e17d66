import { setImmediate } from "node:timers/promises";
import { allPids, startEnvOf, type Identity } from "./proc.js";
import { runVariable } from "./tree.js";
import { openFilesOf, usageOf, type ProcessUsage } from "./usage.js";

/** A run whose tree is looked for. `members` are those of a run that nobody marked, by their pids. */
export type TreeRoot = { identity: Identity; mark: string; members?: () => readonly number[] };

/** A process of a tree. One that has ended is still there until its parent has waited for it, and so is its CPU time. */
export type Member = ProcessUsage & { openFiles: number | undefined };

/** Processes that are read at one go; then whoever else has something to do comes first. */
const atOnce = 64;

/** How often the environment of a process without a mark is read: when it is first seen it may still be on its way to `exec`. */
const maxAsked = 2;

type Known = { startTicks: number; mark: string | undefined; asked: number };

/** One look at all processes. */
type Pass = {
  processes: ReadonlyMap<number, ProcessUsage>;
  /** The runs whose first process is there, by its pid. */
  roots: ReadonlyMap<number, TreeRoot>;
  trees: ReadonlyMap<string, Member[]>;
  /** Marks of those who carry none, by their pids. */
  unmarked: ReadonlyMap<number, string>;
  /** No process that is older belongs to any of them. */
  oldestTicks: number;
  known: Map<number, Known>;
};

/**
 * The trees of all runs, from one pass over /proc. Who belongs to a run is what `treeOf` says; but what has been found out
 * once is kept, because the environment of a process is dear, and who once belonged to a run does so whatever becomes of
 * its parents.
 */
export class UsageTrees {
  #known: ReadonlyMap<number, Known> = new Map();

  /** The members of each run by its mark, the first process first; a run whose first process is gone has no entry. */
  async look(wanted: readonly TreeRoot[]): Promise<ReadonlyMap<string, Member[]>> {
    if (wanted.length === 0) return new Map();
    const processes = await readAll();
    const roots = wanted.filter(({ identity }) => processes.get(identity.pid)?.startTicks === identity.startTicks);
    const pass: Pass = {
      processes,
      roots: new Map(roots.map((root) => [root.identity.pid, root])),
      trees: new Map(roots.map(({ mark }) => [mark, []])),
      unmarked: new Map(
        roots.flatMap(({ mark, members = () => [] }) => members().map((pid): [number, string] => [pid, mark])),
      ),
      oldestTicks: Math.min(...roots.map(({ identity }) => identity.startTicks)),
      known: new Map(),
    };
    let count = 0;
    for (const process of processes.values()) {
      const tree = pass.trees.get(this.#markOf(process, pass) ?? "");
      if (!tree) continue;
      const member = { ...process, openFiles: process.ended ? 0 : openFilesOf(process.pid) };
      if (pass.roots.has(process.pid)) tree.unshift(member);
      else tree.push(member);
      if (++count % atOnce === 0) await setImmediate();
    }
    this.#known = pass.known;
    return pass.trees;
  }

  /** The mark of the run that a process belongs to: what is known, else what is cheapest to find out. */
  #markOf(process: ProcessUsage, pass: Pass): string | undefined {
    const { pid, parent, session, group, startTicks } = process;
    const named = pass.unmarked.get(pid);
    if (named !== undefined) return named;
    if (startTicks < pass.oldestTicks) return undefined;
    const done = pass.known.get(pid);
    if (done) return done.mark;
    const before = this.#known.get(pid);
    const known = before?.startTicks === startTicks ? { ...before } : { startTicks, mark: undefined, asked: 0 };
    // Kept before the parent is asked: processes that were read one after another can seem to be each other's parents.
    pass.known.set(pid, known);
    known.mark ??=
      (pass.roots.get(pid) ?? pass.roots.get(session) ?? pass.roots.get(group))?.mark ?? this.#markAbove(parent, pass);
    if (known.mark === undefined && known.asked < maxAsked) {
      known.asked++;
      known.mark = startEnvOf(pid, runVariable);
    }
    return known.mark;
  }

  #markAbove(parent: number, pass: Pass): string | undefined {
    const process = pass.processes.get(parent);
    const mark = process && this.#markOf(process, pass);
    return mark !== undefined && pass.trees.has(mark) ? mark : undefined;
  }
}

/** Not all at the same moment, but nobody has to wait until all are read. */
async function readAll(): Promise<ReadonlyMap<number, ProcessUsage>> {
  const processes = new Map<number, ProcessUsage>();
  for (const [at, pid] of allPids().entries()) {
    if (at % atOnce === atOnce - 1) await setImmediate();
    const process = usageOf(pid);
    if (process) processes.set(pid, process);
  }
  return processes;
}
