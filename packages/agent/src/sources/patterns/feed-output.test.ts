import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { systemClock } from "../../core/clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { feedOfOutput } from "./feed-output.js";

test("the output of one process is that of all its instances, and a process whose name begins like it is left alone", async () => {
  using dir = tempDir();
  mkdirSync(dir.at("spools"));
  const spool = (process: string): string => dir.at(`spools/web.${process}.stdout`);
  for (const process of ["worker", "worker@2", "worker-io", "worker2"])
    dir.write(`spools/web.${process}.stdout`, "x\n");
  const [met, taken, gone] = [new Set<string>(), new Set<string | undefined>(), [] as string[]];
  const known = { savedMs: 0, positions: { [spool("worker-io")]: { generation: 1, offset: 0 } } };
  await using feed = feedOfOutput(
    { process: "worker", stream: "stdout" },
    { service: "web", spools: dir.at("spools"), spoolsBefore: new Set(), unit: undefined },
    "beginning",
    known,
    {
      clock: systemClock,
      take: async ({ origin }) => void taken.add(origin.process),
      gapped: ({ reason }) => assert.fail(reason),
      begun: () => undefined,
      looked: () => undefined,
      caughtUp: (label) => met.add(label),
      gone: (label) => gone.push(label),
      failed: (what, reason) => assert.fail(`${what}: ${reason}`),
      recovered: () => undefined,
    },
  );
  assert.ok(feed);
  await until(() => taken.has("worker") && taken.has("worker@2") && met.size >= 2, "both instances are read");
  assert.deepEqual([...met].sort(), [spool("worker"), spool("worker@2")]);
  assert.deepEqual([...taken].sort(), ["worker", "worker@2"]);
  assert.deepEqual(gone, [spool("worker-io")]);
});
