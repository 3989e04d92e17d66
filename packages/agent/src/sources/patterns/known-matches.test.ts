import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { memoryDisk } from "../../core/memory-disk.js";
import { configured, recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { Checkpoints, type Checkpoint } from "./checkpoints.js";
import { Patterns, type KnownMatch } from "./patterns.js";

const noProblem = (...what: string[]): void => assert.fail(what.join(": "));

/** What looks at a log for lines with "bad", and what was asked of the journal. */
async function looking(dir: TempDir, its: { saved?: Partial<Checkpoint>; known?: KnownMatch[] } = {}) {
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  bus.publish(configured("web"));
  const checkpoints = await Checkpoints.open(memoryDisk(), noProblem);
  const empty = { service: "web", source: "app", atMs: 0, epoch: "epoch", seq: 0, lines: 0, bytes: 0 };
  if (its.saved) await checkpoints.save({ ...empty, positions: {}, patterns: {}, ...its.saved });
  const logs = [{ name: "app", file: dir.at("app.log"), from: "beginning", patterns: [{ name: "bad", match: "bad" }] }];
  const asked: number[] = [];
  const patterns = await Patterns.start({ web: serviceConfig.parse({ command: ["x"], logs }) }, new Set(), {
    subscribe: (listener) => bus.subscribe("patterns", listener),
    ...{ publish: bus.publish, sample: bus.sample, clock, state: () => bus.state, secrets: () => [], checkpoints },
    ...{ synced: async () => true, spools: dir.at("spools"), spoolPaths: () => new Set<string>() },
    matchesSince: async (seq) => {
      asked.push(seq);
      return its.known ?? [];
    },
    ...{ degraded: noProblem, recovered: noProblem },
  });
  return {
    ...{ bus, clock, asked },
    saved: () => checkpoints.get("web", "app"),
    matched: () =>
      seen.flatMap(({ event }) => {
        const one = event as HostEvent;
        return one.type === "pattern.matched" ? [one.data.line] : [];
      }),
    [Symbol.asyncDispose]: () => patterns[Symbol.asyncDispose](),
  };
}

const match = (seq: number, line: string, path: string): KnownMatch => ({
  ...{ seq, service: "web", source: "app", pattern: "bad", line, key: `${path}:1.0` },
});

test("a source that is quiet does not make the next agent read the events of all the time in which it was", async () => {
  using dir = tempDir();
  dir.write("app.log", "all is well\n");
  await using its = await looking(dir);
  await until(() => its.clock.pass(1000).then(() => its.saved()?.lines === 1), "it is known how far it was read");
  const first = its.saved() ?? assert.fail();
  for (let n = 0; n < 999; n++) its.bus.publish(configured(`service-${n % 10}`));
  await its.clock.pass(5000);
  assert.deepEqual(its.saved(), first);
  its.bus.publish(configured("last"));
  await until(() => its.clock.pass(1000).then(() => its.saved() !== first), "its place is renewed");
  const { seq, ...same } = its.saved() ?? assert.fail();
  assert.deepEqual({ ...same, seq: first.seq }, first);
  assert.equal(seq, first.seq + 1000);
});

test("the events of a journal are not taken for those of another one that was there before it", async () => {
  using dir = tempDir();
  const path = dir.write("app.log", "bad one\nbad two\nbad three\n");
  const saved = { epoch: "before", seq: 100 };
  await using its = await looking(dir, { saved, known: [match(7, "bad one", path)] });
  assert.deepEqual(its.asked, [1]);
  await until(() => its.matched().length >= 2, "what was not told is told");
  assert.deepEqual(its.matched(), ["bad two", "bad three"]);
  await until(() => its.clock.pass(1000).then(() => its.saved()?.epoch === "epoch"), "its place is in this journal");
});
