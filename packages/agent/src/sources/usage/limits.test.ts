import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunUsage } from "@ostler/protocol";
import { watchConfig } from "../../config/watch.js";
import { compare } from "./limits.js";

const mib = 1024 ** 2;
const usage: RunUsage = {
  run: 1,
  at: "",
  startedAt: "",
  pids: [1],
  children: { worker: 3 },
  cpuSeconds: 1,
  residentBytes: 600 * mib,
  threads: 1,
};

/** What a watch finds, in short: `beyond at-most 512`. */
function found(watch: object, more: Partial<RunUsage> = {}): string {
  const finding = compare(watchConfig.parse(watch), { ...usage, ...more }, () => 1000 * mib);
  return finding.is === "unknown" ? "unknown" : `${finding.is} ${finding.measured.bound} ${finding.measured.limit}`;
}

test("memory is compared as a size, or as a share of the host's", () => {
  assert.equal(found({ memory: { above: "512MiB" } }), `beyond at-most ${512 * mib}`);
  assert.equal(found({ memory: { above: "600MiB" } }), `within at-most ${600 * mib}`);
  assert.equal(found({ memory: { above: "50%" } }), `beyond at-most ${500 * mib}`);
  assert.equal(found({ memory: { above: "80%" } }), `within at-most ${800 * mib}`);
});

test("processes can be too few or too many, and none is a number too", () => {
  const children = (limits: object, name = "worker"): string => found({ children: { name, ...limits } });
  assert.equal(children({ at_least: 4 }), "beyond at-least 4");
  assert.equal(children({ at_least: 2, at_most: 3 }), "within at-least 2");
  assert.equal(children({ at_least: 1, at_most: 2 }), "beyond at-most 2");
  assert.equal(children({ at_least: 1 }, "constructor"), "beyond at-least 1");
});

test("what is not known yet, or may not be seen, is neither within nor beyond", () => {
  assert.equal(found({ cpu: { above: "90%" } }), "unknown");
  assert.equal(found({ cpu: { above: "90%" } }, { cpuPercent: 100 }), "beyond at-most 90");
  assert.equal(found({ open_files: { above: 0 } }), "unknown");
  assert.equal(found({ open_files: { above: 10 } }, { openFiles: 10 }), "within at-most 10");
});
