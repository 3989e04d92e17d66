import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { recordedOutput, recordOutput } from "./output-record.js";
import { claim, forgetBefore, forgetSlot, readSlot } from "./records.js";

const slot = { service: "web", process: "main" };

test("where the output of a run begins is found again, of each run by itself", () => {
  using dir = tempDir();
  recordOutput(dir.path, slot, 1, { stdout: 0, stderr: 0 });
  recordOutput(dir.path, slot, 11, { stdout: 5_000_000_000, stderr: 7 });
  recordOutput(dir.path, { ...slot, process: "side" }, 1, { stdout: 3, stderr: 4 });
  assert.deepEqual(recordedOutput(dir.path, slot, 1), { stdout: 0, stderr: 0 });
  assert.deepEqual(recordedOutput(dir.path, slot, 11), { stdout: 5_000_000_000, stderr: 7 });
  assert.equal(recordedOutput(dir.path, slot, 2), undefined);
});

test("it is forgotten with its run", () => {
  using dir = tempDir();
  for (const run of [1, 2, 3]) recordOutput(dir.path, slot, run, { stdout: run, stderr: 0 });
  forgetBefore(dir.path, slot, 3);
  assert.deepEqual(readdirSync(dir.path), ["web.main.3.output.3.0"]);
  forgetSlot(dir.path, slot);
  assert.deepEqual(readdirSync(dir.path), []);
});

test("it starts nothing: whoever claims the run decides", () => {
  using dir = tempDir();
  recordOutput(dir.path, slot, 4, { stdout: 1, stderr: 2 });
  assert.deepEqual(readSlot(dir.path, slot).runs, [{ run: 4, claimed: false }]);
  assert.equal(claim(dir.path, slot, 4), true);
});

test("a directory that cannot be written costs a later agent the knowledge, and nobody else anything", () => {
  recordOutput("/proc/nowhere", slot, 1, { stdout: 0, stderr: 0 });
});
