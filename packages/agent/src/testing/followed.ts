import assert from "node:assert/strict";
import { systemClock } from "../core/clock.js";
import { Follower, type FollowDeps, type FollowOptions } from "../platform/follow/follower.js";
import type { Gap, Position } from "../platform/follow/place.js";

/** A follower, and what it handed on. */
export type Followed = AsyncDisposable & {
  follower: Follower;
  lines: string[];
  /** `generation:offset` of each line. */
  places: string[];
  clipped: boolean[];
  gaps: Gap[];
  faults: string[];
  position: () => Position | undefined;
};

export function follow(path: string, options: Partial<FollowOptions> = {}, deps: Partial<FollowDeps> = {}): Followed {
  const [lines, places, clipped, gaps, faults]: [string[], string[], boolean[], Gap[], string[]] = [[], [], [], [], []];
  let position: Position | undefined;
  const follower = Follower.start(
    path,
    { from: "beginning", ...options },
    {
      clock: systemClock,
      take: (block) => {
        let at = 0;
        for (let end = block.bytes.indexOf(10); end >= 0; end = block.bytes.indexOf(10, at)) {
          lines.push(Buffer.from(block.bytes.subarray(at, end)).toString());
          places.push(`${block.place.generation}:${block.place.offset + at}`);
          clipped.push(block.clipped);
          at = end + 1;
        }
        assert.equal(at, block.bytes.length, "a block ends with a newline");
        position = JSON.parse(JSON.stringify(block.position)) as Position;
      },
      gap: (gap) => gaps.push(gap),
      fault: (reason) => faults.push(reason),
      recovered: () => faults.push("recovered"),
      ...deps,
    },
  );
  const end = (): Promise<void> => follower[Symbol.asyncDispose]();
  return { follower, lines, places, clipped, gaps, faults, position: () => position, [Symbol.asyncDispose]: end };
}

/** The position after the last block. */
export function kept({ position }: Followed): Position {
  const found = position();
  assert.ok(found);
  return found;
}
