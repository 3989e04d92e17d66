import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState, type EventData, type HostEvent } from "@ostler/protocol";
import { configured, recordingBus } from "../testing/bus.js";
import { actOnPattern } from "./act-on-pattern.js";
import { backupOnSchedule } from "./backup-on-schedule.js";
import { endDebug } from "./end-debug.js";
import { enforceLimits } from "./enforce-limits.js";
import { runPolicies } from "./policies.js";
import type { Decision } from "./policy.js";
import { restartUnhealthy } from "./restart-unhealthy.js";

const failed = (more: Partial<EventData<"check.failed">> = {}): HostEvent => ({
  type: "check.failed",
  data: { service: "web", check: "alive", role: "liveness", reason: "no answer", failures: 3, ...more },
});

const empty = initialState("e");

test("a failed liveness check restarts its service, and says why", () => {
  assert.deepEqual(restartUnhealthy(failed(), empty), [
    {
      policy: "restart-unhealthy",
      name: "service.restart",
      args: { service: "web" },
      reason: "liveness check alive failed: no answer",
    },
  ]);
});

test("a startup check that fails restarts like a liveness check, and says which it was", () => {
  assert.equal(
    restartUnhealthy(failed({ role: "startup" }), empty)[0]?.reason,
    "startup check alive failed: no answer",
  );
  assert.deepEqual(restartUnhealthy(failed({ role: "info" }), empty), []);
});

test("a check that is about one process restarts that one alone", () => {
  assert.deepEqual(restartUnhealthy(failed({ process: "api" }), empty)[0]?.args, { service: "web", process: "api" });
});

test("nothing else restarts anything", () => {
  assert.deepEqual(restartUnhealthy(failed({ role: "readiness" }), empty), []);
  const passed = { service: "web", check: "alive", role: "liveness", tookMs: 1 } as const;
  assert.deepEqual(restartUnhealthy({ type: "check.passed", data: passed }, empty), []);
  assert.deepEqual(restartUnhealthy({ type: "somebody.else", data: { role: "liveness" } }, empty), []);
});

const exceeded = (action: "none" | "restart" | "stop"): HostEvent => ({
  type: "service.limit-exceeded",
  data: {
    ...{ service: "web", process: "api", run: 1, pid: 7, watch: "memory", forMs: 1000, action },
    ...{ what: "memory", bound: "at-most", limit: 1024, value: 2048 },
  },
});

test("an exceeded limit restarts or stops its process when its watch wants that, and else nothing", () => {
  const decision = { policy: "enforce-limits", args: { service: "web", process: "api" } };
  const reason = "watch memory: memory 2 KiB, more than 1 KiB";
  assert.deepEqual(enforceLimits(exceeded("restart"), empty), [{ ...decision, name: "service.restart", reason }]);
  assert.deepEqual(enforceLimits(exceeded("stop"), empty), [{ ...decision, name: "service.stop", reason }]);
  assert.deepEqual(enforceLimits(exceeded("none"), empty), []);
  assert.deepEqual(enforceLimits({ type: "somebody.else", data: { action: "restart" } }, empty), []);
});

/** Commands that the policies want after some events. */
async function decisions(...events: HostEvent[]): Promise<string[]> {
  const { bus } = recordingBus();
  const wanted: string[] = [];
  bus.subscribe(
    "policies",
    runPolicies(({ name, args }) => wanted.push(`${name} ${args.service}`)),
  );
  for (const event of events) bus.publish(event);
  await new Promise(setImmediate);
  return wanted;
}

test("an isolated service is left to people", async () => {
  const actor = { kind: "cli", name: "local" } as const;
  const isolated: HostEvent = {
    type: "service.isolated",
    data: { service: "web", actor, reason: "odd", processes: ["main"] },
  };
  const released: HostEvent = { type: "service.released", data: { service: "web", actor, processes: ["main"] } };
  assert.deepEqual(await decisions(configured("web"), isolated, failed()), []);
  assert.deepEqual(await decisions(configured("web"), isolated, released, failed()), ["service.restart web"]);
});

test("what is in maintenance is left to people, and no longer when that has ended", async () => {
  const actor = { kind: "cli", name: "local" } as const;
  for (const scope of [{}, { service: "web" }]) {
    const began: HostEvent = { type: "maintenance.began", data: { ...scope, forMs: 1000, actor, reason: "disk" } };
    const ended: HostEvent = { type: "maintenance.ended", data: { ...scope, because: "expired" } };
    assert.deepEqual(await decisions(configured("web"), began, failed()), []);
    assert.deepEqual(await decisions(configured("web"), began, ended, failed()), ["service.restart web"]);
  }
});

test("what is still wrong when maintenance ends is acted on then", async () => {
  const actor = { kind: "cli", name: "local" } as const;
  const run = { service: "web", process: "api", run: 1, pid: 7 };
  const story: HostEvent[] = [
    {
      ...configured("web", [], ["api"]),
      data: { service: "web", processes: ["api"], checks: [{ name: "alive", role: "liveness" }] },
    } as HostEvent,
    { type: "service.started", data: { ...run, startTicks: 1 } },
    { type: "maintenance.began", data: { forMs: 1000, actor, reason: "disk" } },
  ];
  const ended: HostEvent = { type: "maintenance.ended", data: { because: "expired" } };
  const passed: HostEvent = {
    type: "check.passed",
    data: { service: "web", check: "alive", role: "liveness", tookMs: 1 },
  };
  assert.deepEqual(await decisions(...story, failed(), ended), ["service.restart web"]);
  assert.deepEqual(await decisions(...story, failed(), passed, ended), []);
  assert.deepEqual(await decisions(...story, exceeded("stop"), ended), ["service.stop web"]);
  assert.deepEqual(await decisions(...story, exceeded("none"), ended), []);
});

test("a decision comes when every listener has seen its event", async () => {
  const { bus } = recordingBus();
  const order: string[] = [];
  const decided = new Promise<Decision>((resolve) => {
    bus.subscribe(
      "policies",
      runPolicies((decision) => {
        order.push("decision");
        resolve(decision);
      }),
    );
  });
  bus.subscribe("later", () => order.push("listener"));
  bus.publish(failed());
  assert.equal((await decided).name, "service.restart");
  assert.deepEqual(order, ["listener", "decision"]);
});

const matched = (more: Partial<EventData<"pattern.matched">>): HostEvent => ({
  type: "pattern.matched",
  data: {
    ...{ service: "web", source: "output", pattern: "stuck", severity: "warning", line: "it is stuck" },
    ...{ suppressed: 0, key: "k", ...more },
  },
});

test("a pattern acts as it is configured to, on the process that wrote the line", () => {
  const reason = "pattern stuck: it is stuck";
  const act = { policy: "act-on-pattern", reason };
  assert.deepEqual(actOnPattern(matched({})), []);
  assert.deepEqual(actOnPattern(matched({ action: { do: "restart" }, process: "api" })), [
    { ...act, name: "service.restart", args: { service: "web", process: "api" } },
  ]);
  assert.deepEqual(actOnPattern(matched({ action: { do: "stop" }, file: "/x" })), [
    { ...act, name: "service.stop", args: { service: "web" } },
  ]);
  assert.deepEqual(actOnPattern(matched({ action: { do: "task", task: "clean" } })), [
    { ...act, name: "task.run", args: { service: "web", task: "clean" } },
  ]);
});

test("debugging whose time is over ends at once, or when what holds it up is over", () => {
  const { bus } = recordingBus();
  bus.publish(configured("web"));
  const actor = { kind: "cli", name: "local" } as const;
  bus.publish({ type: "debug.began", data: { service: "web", forMs: 1, actor, reason: "why" } });
  const ended: HostEvent = { type: "maintenance.ended", data: { service: "web", because: "ended" } };
  const expired: HostEvent = { type: "debug.expired", data: { service: "web" } };
  assert.deepEqual(endDebug(ended, bus.state), [], "its time is not over");
  assert.deepEqual(
    endDebug(expired, bus.state).map(({ name, args }) => [name, args]),
    [["debug.off", { service: "web" }]],
  );
  bus.publish(expired);
  assert.equal(endDebug(ended, bus.state).length, 1);
  const released: HostEvent = { type: "service.released", data: { service: "web", actor, processes: [] } };
  assert.equal(endDebug(released, bus.state).length, 1);
});

test("what is due with backups is done, and why is told", () => {
  const due = { service: "web", backup: "data", due: "2026-01-01T03:00:00.000Z" };
  const decided = (doing: "create" | "verify" | "drill", late: boolean): [string, unknown, string][] =>
    backupOnSchedule({ type: "backup.triggered", data: { ...due, doing, late } }).map(({ name, args, reason }) => [
      name,
      args,
      reason,
    ]);
  const args = { service: "web", backup: "data" };
  assert.deepEqual(decided("create", false), [["backup.create", args, "it was due at 2026-01-01T03:00:00.000Z"]]);
  assert.deepEqual(decided("verify", false), [["backup.verify", args, "it was due at 2026-01-01T03:00:00.000Z"]]);
  assert.deepEqual(decided("drill", true), [
    ["backup.drill", args, "it was due at 2026-01-01T03:00:00.000Z, and missed that"],
  ]);
});
