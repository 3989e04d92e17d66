import { allProcesses, startEnvOf, type Identity, type ProcessStat } from "./proc.js";

/** The environment variable that marks every descendant of a run, wherever it hides. */
export const runVariable = "OSTLER_RUN";

/** The mark of a run; without its number the beginning of the marks of all runs. */
export function markOf(agentId: string, service: string, process: string, run: number | ""): string {
  return `${agentId}/${service}/${process}/${run}`;
}

/** The mark of a task, which no process can have: its name could not be one's. */
export function taskMarkOf(agentId: string, service: string, task: string): string {
  return `${agentId}/${service}/task:${task}`;
}

/** Whose mark it is. */
export function taskIn(mark: string): { service: string; task: string } {
  const [, service = "", task = ""] = mark.split("/");
  return { service, task: task.replace("task:", "") };
}

/**
 * Marks of all runs and tasks of an agent of which somebody is left, however old they are. Not of the run that this agent itself
 * is part of, because a service or a task started it.
 */
export function marksLeft(agentId: string): { runs: string[]; tasks: string[] } {
  const found = allProcesses().flatMap(({ pid, ended }) => (ended ? [] : (startEnvOf(pid, runVariable) ?? [])));
  const marks = [...new Set(found)].filter(
    (mark) => mark.startsWith(`${agentId}/`) && mark !== process.env[runVariable],
  );
  return {
    runs: marks.filter((mark) => /^[^/]+\/[^/]+\/[^/]+\/\d+$/.test(mark)),
    tasks: marks.filter((mark) => /^[^/]+\/[^/]+\/task:[^/]+$/.test(mark)),
  };
}

/** Pids of everything that belongs to a run. */
export function treeOf(root: Identity | undefined, mark: string): number[] {
  return membersOf(root, mark).map(({ pid }) => pid);
}

/**
 * Everything that belongs to a run: its session and process group, the descendants of its first process, and
 * whoever carries the run's mark in its environment (a daemon that left the session). The first process itself included,
 * zombies not. When the pid has been given to another process since, its session and group are that one's. Of a run whose
 * first process nobody knows any more, the mark tells.
 */
export function membersOf(root: Identity | undefined, mark: string): Identity[] {
  const younger = allProcesses().filter(({ startTicks }) => !root || startTicks >= root.startTicks);
  const recycled = younger.some(({ pid, startTicks }) => pid === root?.pid && startTicks !== root.startTicks);
  const belongs = ({ pid, session, group }: ProcessStat): boolean =>
    (root !== undefined && !recycled && [pid, session, group].includes(root.pid)) ||
    startEnvOf(pid, runVariable) === mark;
  const running = younger.filter(({ ended }) => !ended);
  const members = new Map(running.filter(belongs).map((stat) => [stat.pid, stat]));
  for (let before = -1; before !== members.size;) {
    before = members.size;
    for (const stat of running) if (members.has(stat.parent)) members.set(stat.pid, stat);
  }
  return [...members.values()];
}
