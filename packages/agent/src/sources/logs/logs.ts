import type { LogLine, LogNote } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { defaultLast, type LogQuery } from "../../core/log-query.js";
import type { HistoryQuery } from "./entry.js";
import { grepOf } from "./grep.js";
import { inTimeOrder } from "./in-time-order.js";
import { lastOf } from "./last-of.js";
import { merge } from "./merge.js";
import { newcomers } from "./newcomers.js";
import { Opened } from "./opened.js";
import { plansOf, type Plan, type PlansDeps } from "./plans.js";

export type LogsDeps = PlansDeps & { clock: Clock };

/**
 * What services wrote: of everything there is, in the order of its time, what is asked for; then, with `follow`, whatever
 * comes, also of what is added meanwhile, until the signal aborts. @throws OstlerError `not-found`, `bad-request`
 */
export function readLogs(query: LogQuery, deps: LogsDeps, signal: AbortSignal): AsyncGenerator<LogLine | LogNote> {
  if (query.grep !== undefined) grepOf(query.grep, false); // What is none is refused before anything is opened.
  const plans = plansOf(query, deps);
  return read(query, plans, deps, signal);
}

async function* read(
  query: LogQuery,
  plans: readonly Plan[],
  deps: LogsDeps,
  signal: AbortSignal,
): AsyncGenerator<LogLine | LogNote> {
  const notes: LogNote[] = [];
  const note = (text: string): void => void notes.push({ note: text });
  await using opened = new Opened(query, { clock: deps.clock, note }, signal);
  const later = newcomers(query, opened, deps);
  const sources = await opened.open(plans);
  const last = lastIn(query);
  const wanted = historyOf(query, last);
  const all = inTimeOrder(sources.map((source) => source.history(wanted)));
  for await (const batch of last === undefined ? all : lastOf(all, last)) {
    yield* notes.splice(0);
    if (signal.aborted) return;
    for (const { line } of batch) yield line;
  }
  yield* notes.splice(0);
  if (!query.follow) return;
  const following = sources.map((source) => source.follow());
  for await (const batch of merge(following, later)) {
    yield* notes.splice(0);
    for (const { line } of batch) yield line;
  }
}

/** So many lines at the end; all when absent. */
function lastIn({ last, sinceMs, untilMs }: LogQuery): number | undefined {
  if (last === "all") return undefined;
  return last ?? (sinceMs === undefined && untilMs === undefined ? defaultLast : undefined);
}

/** Where lines are left out by what they say, how many have to be read is known at the end. */
function historyOf({ sinceMs, untilMs, grep, level, follow }: LogQuery, last: number | undefined): HistoryQuery {
  const isWhole = grep === undefined && level === undefined && untilMs === undefined && sinceMs === undefined;
  return {
    ...(last === 0 || (isWhole && last !== undefined) ? { last } : {}),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    isFollowed: follow,
  };
}
