import assert from "node:assert/strict";
import { test } from "node:test";
import { unreadyReasons } from "./readiness.js";
import { hostState, initialState, type CheckState, type Phase } from "./state.js";

const run = { run: 1, pid: 10, startTicks: 100 };
const since = "2026-01-01T00:00:00.000Z";
const running: Phase = { name: "running", ...run, since };

function check(phase: Phase, checks: Record<string, CheckState> = {}): string[] {
  return unreadyReasons({ processes: { main: { phase, restarts: 0, crashes: [] } }, checks });
}

test("a service whose processes run and whose readiness checks passed is ready", () => {
  assert.deepEqual(check(running, { up: { role: "readiness", status: "passed" } }), []);
});

const reasons: [Phase, string][] = [
  [{ name: "stopped" }, "process main is stopped"],
  [{ name: "stopping", ...run, since }, "process main is stopping"],
  [{ name: "exited", run: 1 }, "process main is exited"],
  [{ name: "completed" }, "process main is completed"],
  [
    { name: "waiting", attempt: 3, until: since, because: "exited with code 1" },
    "process main is waiting to be restarted (attempt 3)",
  ],
  [
    { name: "gave-up", reason: "its restart policy is never" },
    "process main is not restarted: its restart policy is never",
  ],
];
for (const [phase, reason] of reasons)
  test(`a service is not ready while its ${reason}`, () => {
    assert.deepEqual(check(phase), [reason]);
  });

test("a readiness check that has not passed yet is a reason, and so is one that failed", () => {
  assert.deepEqual(
    check(running, {
      slow: { role: "readiness", status: "pending" },
      bad: { role: "readiness", status: "failed", reason: "connection refused" },
    }),
    ["check slow has not passed yet", "check bad failed: connection refused"],
  );
});

test("a process that has not notified is called by its name", () => {
  assert.deepEqual(
    check(running, {
      "main:notified": { role: "readiness", status: "pending" },
      "main:listens": { role: "readiness", status: "pending" },
    }),
    ["process main has not notified that it is ready", "check main:listens has not passed yet"],
  );
});

test("an isolated service says first who isolated it, when and why", () => {
  const isolation = { by: { kind: "cli" as const, name: "local" }, at: since, reason: "odd traffic", processes: [] };
  const processes = { main: { phase: { name: "stopped" as const }, restarts: 0, crashes: [] } };
  assert.deepEqual(unreadyReasons({ processes, checks: {}, isolation }), [
    `isolated by cli local at ${since}: odd traffic`,
    "process main is stopped",
  ]);
});

test("liveness is no part of readiness", () => {
  assert.deepEqual(check(running, { alive: { role: "liveness", status: "failed", reason: "timeout" } }), []);
});

test("every reason is told, processes first", () => {
  const processes = {
    a: { phase: running, restarts: 0, crashes: [] },
    b: { phase: { name: "stopped" as const }, restarts: 0, crashes: [] },
  };
  assert.deepEqual(unreadyReasons({ processes, checks: { up: { role: "readiness", status: "pending" } } }), [
    "process b is stopped",
    "check up has not passed yet",
  ]);
});

test("the state before the first event is a state, and has no null in it", () => {
  const state = initialState("e1");
  assert.deepEqual(hostState.parse(state), state);
  assert.equal(state.seq, 0);
  assert.doesNotMatch(JSON.stringify(state), /null/);
});
