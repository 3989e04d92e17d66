import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessType } from "./events/service.js";
import { baseName, processUnreadyReasons, unreadyReasons } from "./readiness.js";
import type { CheckState, Phase, ProcessState, ServiceState } from "./state.js";

const since = "2026-01-01T00:00:00.000Z";
const running: Phase = { name: "running", run: 1, pid: 10, startTicks: 100, since };

function process(phase: Phase, type?: ProcessType): ProcessState {
  return { phase, restarts: 0, crashes: [], ...(type === undefined ? {} : { type }) };
}

function service(processes: ServiceState["processes"], checks: Record<string, CheckState> = {}): ServiceState {
  return { ready: false, since, processes, checks, alerts: {}, rules: {} };
}

test("a one-shot process is ready when it has completed, and not while it runs", () => {
  assert.deepEqual(unreadyReasons(service({ migrate: process({ name: "completed" }, "oneshot") })), []);
  assert.deepEqual(unreadyReasons(service({ migrate: process(running, "oneshot") })), ["process migrate is running"]);
  assert.deepEqual(unreadyReasons(service({ web: process({ name: "completed" }) })), ["process web is completed"]);
});

test("nobody waits for a scheduled process, whatever it does", () => {
  for (const phase of [running, { name: "scheduled" }, { name: "stopped" }] as const)
    assert.deepEqual(unreadyReasons(service({ web: process(running), nightly: process(phase, "scheduled") })), []);
});

test("a process that waits for others says for which", () => {
  const awaits = [
    { process: "db", until: "ready" as const },
    { process: "migrate", until: "completed" as const },
  ];
  assert.deepEqual(unreadyReasons(service({ web: process({ name: "deferred", awaits }) })), [
    "process web is waiting for db to be ready and migrate to be completed",
  ]);
});

test("one process is ready when it runs and the readiness checks about it have passed, whatever the others do", () => {
  const both = service(
    { db: process(running), web: process({ name: "stopped" }) },
    {
      accepts: { role: "readiness", status: "pending", process: "db" },
      front: { role: "readiness", status: "failed", reason: "refused", process: "web" },
      whole: { role: "readiness", status: "failed", reason: "refused" },
      alive: { role: "liveness", status: "failed", reason: "no answer", process: "db" },
    },
  );
  assert.deepEqual(processUnreadyReasons(both, "db"), ["check accepts has not passed yet"]);
  assert.deepEqual(processUnreadyReasons(both, "web"), ["process web is stopped", "check front failed: refused"]);
  assert.deepEqual(processUnreadyReasons(both, "gone"), ["there is no process gone"]);
});

test("a check about a process is about each of its instances", () => {
  const workers = service(
    { "worker@1": process(running), "worker@2": process(running) },
    {
      all: { role: "readiness", status: "pending", process: "worker" },
      second: { role: "readiness", status: "pending", process: "worker@2" },
    },
  );
  assert.deepEqual(processUnreadyReasons(workers, "worker@1"), ["check all has not passed yet"]);
  assert.equal(processUnreadyReasons(workers, "worker@2").length, 2);
});

test("an instance is known by the name of its process", () => {
  assert.equal(baseName("worker@12"), "worker");
  assert.equal(baseName("worker"), "worker");
});
