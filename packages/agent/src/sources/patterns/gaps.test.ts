import assert from "node:assert/strict";
import { test } from "node:test";
import { recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import type { Gapped } from "./feed-deps.js";
import { Gaps, joinMs } from "./gaps.js";

const of = { service: "web", source: "out" };

/** The gaps of a source, and what was told of them. */
function told() {
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  const gaps = new Gaps(of, { publish: bus.publish, clock });
  return {
    ...{ clock, gaps },
    told: () => seen.map(({ event }) => event.data as Gapped),
  };
}

test("a gap is told at once, and one for another reason as well", () => {
  const its = told();
  its.gaps.tell({ reason: "freed", file: "/a", bytes: 5 });
  its.gaps.tell({ reason: "truncated" });
  assert.deepEqual(its.told(), [
    { ...of, reason: "freed", file: "/a", bytes: 5 },
    { ...of, reason: "truncated" },
  ]);
});

test("a thousand gaps within some seconds are two events, and none is forgotten", () => {
  const its = told();
  for (let times = 0; times < 1000; times++) its.gaps.tell({ reason: "freed", file: "/a", bytes: 5 });
  its.clock.advance(joinMs);
  assert.deepEqual(its.told().slice(1), [{ ...of, reason: "freed", file: "/a", bytes: 4995, gaps: 999 }]);
  its.clock.advance(joinMs);
  assert.equal(its.clock.waiting, 0);
  its.gaps.tell({ reason: "freed", bytes: 1 });
  assert.equal(its.told().length, 3);
});

test("of gaps that are told as one only that is said which is so of all", () => {
  const its = told();
  const gaps = [
    { file: "/a", process: "api", lines: 1 },
    { file: "/a", process: "worker", lines: 2, bytes: 7 },
    { file: "/a", process: "api", lines: 3 },
  ];
  its.gaps.tell({ reason: "replaced" });
  for (const gap of gaps) its.gaps.tell({ reason: "replaced", ...gap });
  its.gaps[Symbol.dispose]();
  assert.deepEqual(its.told().slice(1), [{ ...of, reason: "replaced", file: "/a", lines: 6, gaps: 3 }]);
  assert.equal(its.clock.waiting, 0);
});
