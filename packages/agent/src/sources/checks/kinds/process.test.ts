import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunUsage } from "@ostler/protocol";
import { processCheck } from "../../../config/checks/process.js";
import { processProbe, type Looked } from "./process.js";

const usage: RunUsage = {
  run: 1,
  at: "",
  startedAt: "",
  pids: [1, 2, 3],
  children: { worker: 2 },
  cpuSeconds: 1,
  cpuPercent: 50,
  residentBytes: 100 * 1024 * 1024,
  threads: 3,
};
const runs: Looked = { process: "main", isRunning: true, usage };

async function found(settings: object, ...processes: Looked[]): Promise<string> {
  const check = processCheck.parse({ name: "alive", kind: "process", ...settings });
  const verdict = await processProbe(check, () => processes)(AbortSignal.timeout(1000));
  if (!verdict.ok) return verdict.reason;
  return verdict.warning === undefined ? "ok" : `! ${verdict.warning}`;
}

test("a process that runs passes, and each that does not is named", async () => {
  assert.equal(await found({}, runs), "ok");
  assert.equal(await found({}, runs, { ...runs, process: "api", isRunning: false }), "api does not run");
});

test("workers are counted by name, and none is not enough", async () => {
  assert.equal(await found({ children: { worker: 2 } }, runs), "ok");
  assert.equal(await found({ children: { worker: 3 } }, runs), "main has 2 processes worker, fewer than 3");
  assert.equal(await found({ children: { toString: 1 } }, runs), "main has 0 processes toString, fewer than 1");
});

test("the whole tree counts for memory and CPU, with a warning before a failure", async () => {
  assert.equal(await found({ memory_at_most: "200MiB", cpu_at_most: "80%" }, runs), "ok");
  assert.equal(await found({ memory_at_most: "64MiB" }, runs), "main uses 100 MiB of memory, more than 64 MiB");
  assert.equal(await found({ cpu_at_most: "40%" }, runs), "main uses 50 % of a core, more than 40 %");
  const warn = { memory_at_most: "64MiB" };
  assert.equal(
    await found({ memory_at_most: "200MiB", warn }, runs),
    "! main uses 100 MiB of memory, more than 64 MiB",
  );
});

test("what has not been measured is not taken for nothing", async () => {
  const unmeasured = { ...runs, usage: undefined };
  assert.equal(await found({}, unmeasured), "ok");
  assert.equal(await found({ memory_at_most: "1GiB" }, unmeasured), "main has not been measured yet");
});
