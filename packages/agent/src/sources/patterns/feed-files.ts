import type { LogSource } from "../../config/logs/log-source.js";
import { FollowFiles } from "../../platform/follow/follow-files.js";
import type { Position } from "../../platform/follow/place.js";
import { positionIn } from "../../platform/follow/position-in.js";
import type { Origin } from "./chunk.js";
import type { FeedDeps, Known } from "./feed-deps.js";

/** The lines of files, and of all that come to match. */
export function feedOfFiles(
  globs: readonly string[],
  from: LogSource["from"],
  known: Known,
  deps: FeedDeps,
): AsyncDisposable {
  return follow(globs, { known, from: () => from, originOf: (file) => ({ file }) }, deps);
}

/** Follows files whose paths are the labels of what they have. `from` is for those that nobody has looked for before. */
export function follow(
  globs: readonly string[],
  its: {
    known: Known;
    from: (path: string) => LogSource["from"];
    originOf: (path: string) => Origin;
  },
  deps: FeedDeps,
): AsyncDisposable {
  // Invariant: what is saved of a source is what was in its blocks.
  const { savedMs: ms, globs: known = [] } = its.known;
  const positions = its.known.positions as Readonly<Record<string, Position>>;
  const last = new Map(Object.entries(positions));
  return FollowFiles.start(
    globs,
    { positions, from: its.from, ...(ms === undefined ? {} : { since: { ms, globs: known } }) },
    {
      clock: deps.clock,
      take: async (path, block) => {
        const before = last.get(path);
        await deps.take({
          ...{ label: path, origin: its.originOf(path), bytes: block.bytes },
          keyAt: (start) => `${block.place.generation}.${block.place.offset + start}`,
          isClippedAt: () => block.clipped,
          positionAt: (start) => positionIn(block, start, before),
        });
        last.set(path, block.position);
      },
      gap: (path, { reason, bytes }) =>
        deps.gapped({ ...its.originOf(path), reason, ...(bytes === undefined ? {} : { bytes }) }),
      fault: (path, reason) => deps.failed(path, reason),
      recovered: (path) => deps.recovered(path),
      begun: (path, position) => deps.begun(path, position),
      looked: (atMs) => deps.looked(atMs),
      caughtUp: (path, position) => {
        if (position && !last.has(path)) last.set(path, position);
        deps.caughtUp(path, position);
      },
      gone: (path) => {
        last.delete(path);
        deps.gone(path);
      },
    },
  );
}
