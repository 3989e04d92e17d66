import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { tempDir } from "../../testing/temp-dir.js";
import { create } from "./create.js";
import type { CreateJob } from "./job.js";
import { removeLeftovers, takePossession } from "./leftovers.js";
import { Progress } from "./progress.js";

const id = "web.data.20261120T100000Z";
const names = ["tar", "sha256", "json"].map((suffix) => `${id}.${suffix}`);
/** How many turns after a file has its name the work is given up, at most. */
const turns = 15;

const jobIn = (directory: string, path: string): CreateJob => ({
  ...{ do: "create", directory, id, paths: [path], exclude: [], required: [] },
  ...{ compression: "none", recipients: [], expectedRatio: 1 },
  header: { service: "web", name: "data", mode: "hot", agent: { id: "a", name: "h", version: "1" }, configHash: "c" },
});

for (const isTold of [true, false])
  test(`work that is given up while its files get their names never leaves a manifest alone${isTold ? "" : ", even if it goes on"}`, async () => {
    for (const name of names)
      for (let turn = 0; turn < turns; turn++) {
        using dir = tempDir();
        dir.write("a", "a");
        mkdirSync(dir.at("backups"));
        const job = jobIn(dir.at("backups"), dir.at("a"));
        await takePossession(job);
        const stop = new AbortController();
        let isOver = false;
        const over = (): boolean => (isOver = true);
        const made = create(job, new Progress(() => undefined), stop.signal).then(over, over);
        while (!isOver && !existsSync(dir.at(`backups/${name}`))) await setImmediate();
        for (let waited = 0; waited < turn; waited++) await setImmediate();
        if (isTold) stop.abort();
        await removeLeftovers(job);
        await made;
        const left = readdirSync(dir.at("backups"));
        if (left.includes(`${id}.json`) || name.endsWith(".json")) assert.deepEqual(left.sort(), names.toSorted());
      }
  });

test("once its leftovers are removed, work that goes on publishes nothing", async () => {
  using dir = tempDir();
  dir.write("a", "a");
  mkdirSync(dir.at("backups"));
  const job = jobIn(dir.at("backups"), dir.at("a"));
  await takePossession(job);
  await removeLeftovers(job);
  await assert.rejects(
    create(job, new Progress(() => undefined), new AbortController().signal),
    /\.json cannot be written/,
  );
  assert.equal(existsSync(dir.at(`backups/${id}.json`)), false);
});
