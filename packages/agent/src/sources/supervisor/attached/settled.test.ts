import assert from "node:assert/strict";
import { test } from "node:test";
import { hasReached, isRefused } from "./settled.js";
import type { Sight } from "./sight.js";

const sights: Sight[] = [
  { is: "running", identity: { pid: 1, startTicks: 1 }, restarts: 0 },
  { is: "waiting", attempt: 1, delayMs: 0, because: "" },
  { is: "stopped" },
  { is: "completed" },
  { is: "failed", reason: "" },
  { is: "changing" },
  { is: "unsure" },
];

const which = (judge: (sight: Sight) => boolean): string =>
  sights
    .filter(judge)
    .map(({ is }) => is)
    .join(" ");

test("a start is done when it runs, a restart when something else runs, a stop when nothing does", () => {
  assert.equal(
    which((sight) => hasReached("start", sight, false)),
    "running completed",
  );
  assert.equal(
    which((sight) => hasReached("restart", sight, true)),
    "running completed",
  );
  assert.equal(
    which((sight) => hasReached("restart", sight, false)),
    "completed",
  );
  assert.equal(
    which((sight) => hasReached("stop", sight, false)),
    "stopped completed failed",
  );
});

test("systemd decides, and nothing more comes; a pid file may still come", () => {
  assert.equal(
    which((sight) => isRefused("systemd", sight)),
    "waiting stopped failed",
  );
  assert.equal(
    which((sight) => isRefused("pid-file", sight)),
    "",
  );
});
