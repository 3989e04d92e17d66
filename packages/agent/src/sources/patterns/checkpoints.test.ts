import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryDisk } from "../../core/memory-disk.js";
import { Checkpoints, type Checkpoint } from "./checkpoints.js";

const noProblem = (reason: string): void => assert.fail(reason);

const point = (source: string, lines = 1): Checkpoint => ({
  ...{ service: "web", source, atMs: 5, epoch: "e", seq: 7, lines, bytes: 10 },
  positions: { "/x": { offset: 3 } },
  patterns: { p: { matches: 2, recent: [["a", [[1, 2]]]] } },
});

test("what was saved last is there after a restart, of each source", async () => {
  const disk = memoryDisk();
  const first = await Checkpoints.open(disk, noProblem);
  for (const saved of [point("a"), point("b"), point("a", 5)]) await first.save(saved);
  await first.remove("web", "b");
  const next = await Checkpoints.open(disk, noProblem);
  assert.deepEqual(next.all, [point("a", 5)]);
  assert.deepEqual(next.get("web", "a"), point("a", 5));
  assert.equal(next.get("web", "b"), undefined);
});

test("a damaged one is told, and the others are there", async () => {
  const disk = memoryDisk();
  const told: string[] = [];
  const first = await Checkpoints.open(disk, noProblem);
  await first.save(point("a"));
  await disk.replace("0.checkpoint", '{"service":');
  await disk.replace("1.checkpoint", '{"service":"web"}');
  const next = await Checkpoints.open(disk, (reason) => told.push(reason));
  assert.deepEqual(next.all, [point("a")]);
  assert.equal(told.length, 2);
});
