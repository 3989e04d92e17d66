import { endTree } from "../../platform/tree-end.js";
import type { RunDeps } from "./run.js";

/** Ends what is left of runs that are over: the agent that was to do it has ended before. Resolves when nobody is left. */
export async function endLeftBehind(
  marks: readonly string[],
  timeoutMs: number,
  { clock, killed, signal }: RunDeps,
): Promise<void> {
  const deadlineMs = clock.monotonic() + timeoutMs;
  for (const mark of marks) {
    const ended = await endTree(undefined, mark, { ask: true, deadlineMs }, clock, signal);
    if (ended.killed.length > 0) killed(ended, "they had outlived the first process of their run, and then the agent");
  }
}
