import { OstlerError } from "@ostler/protocol";
import type { LogQuery } from "../../core/log-query.js";
import type { Clock } from "../../core/clock.js";
import type { Timed } from "./dress.js";
import type { Opened, OpenSource } from "./opened.js";
import { plansOf, shapeOf, type Plan, type PlansDeps } from "./plans.js";

/** How often whoever follows looks whether there are others to follow. */
const lookMs = 1000;
/** The clock of files is coarser than ours. */
const coarseMs = 100;

/** The lines of each source that is there only from now on, until the others are closed. What is there no longer is ended. */
export function newcomers(
  query: LogQuery,
  opened: Opened,
  deps: PlansDeps & { clock: Clock },
): AsyncGenerator<AsyncGenerator<Timed[]>> {
  return look(query, opened, deps, { shape: shapeOf(query, deps), lookedMs: deps.clock.now() });
}

async function* look(
  query: LogQuery,
  opened: Opened,
  deps: PlansDeps & { clock: Clock },
  { shape, lookedMs }: { shape: string; lookedMs: number },
): AsyncGenerator<AsyncGenerator<Timed[]>> {
  while (!opened.signal.aborted) {
    const addedMs = lookedMs - coarseMs;
    lookedMs = deps.clock.now();
    const next = shapeOf(query, deps);
    if (next !== shape || opened.isWaning) {
      shape = next;
      const plans = plansNow(query, deps);
      opened.keep(plans);
      for (const source of await opened.open(plans)) yield linesOf(source, addedMs);
    }
    await deps.clock.sleep(lookMs, opened.signal);
  }
}

async function* linesOf({ history, follow }: OpenSource, addedMs: number): AsyncGenerator<Timed[]> {
  yield* history({ isFollowed: true, addedMs });
  yield* follow();
}

/** What was asked for was there once: while it is gone, there is nothing. */
function plansNow(query: LogQuery, deps: PlansDeps): Plan[] {
  try {
    return plansOf(query, deps);
  } catch (failure) {
    if (failure instanceof OstlerError && failure.code === "not-found") return [];
    throw failure;
  }
}
