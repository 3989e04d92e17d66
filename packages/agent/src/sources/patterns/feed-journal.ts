import { own } from "@ostler/protocol";
import type { LogSource } from "../../config/logs/log-source.js";
import { JournalFollower } from "../../platform/journal/journal-follower.js";
import type { JournalPosition } from "../../platform/journal/journal-place.js";
import type { FeedDeps } from "./feed-deps.js";
import { journalChunk } from "./journal-chunk.js";

/** What a unit of systemd writes into the journal; the name of the unit is the label. */
export function feedOfJournal(
  unit: string,
  from: LogSource["from"],
  positions: Readonly<Record<string, unknown>>,
  deps: FeedDeps,
): AsyncDisposable {
  const others = Object.keys(positions).filter((label) => label !== unit);
  for (const label of others) deps.gone(label);
  // Invariant: what is saved of a unit is what was in its chunks.
  const saved = own(positions, unit) as JournalPosition | undefined;
  const now: JournalPosition = { timeUsec: deps.clock.now() * 1000 };
  // Where another unit was read until now, all that this one has ever written is not what is new.
  const position = saved ?? (from === "beginning" && others.length === 0 ? {} : now);
  // Known at once: an agent after this one must not take what is older for what has come since.
  if (position === now) deps.caughtUp(unit, now);
  return JournalFollower.start(unit, position, {
    clock: deps.clock,
    take: (entries, at) => {
      for (const { dropped } of entries)
        if (dropped !== undefined) deps.gapped({ reason: "rate-limited", lines: dropped });
      return deps.take(journalChunk(unit, entries, at));
    },
    vacuumed: () => deps.gapped({ reason: "vacuumed" }),
    caughtUp: (reached) => deps.caughtUp(unit, reached),
    fault: (reason) => deps.failed(`journal of ${unit}`, reason),
    recovered: () => deps.recovered(`journal of ${unit}`),
  });
}
