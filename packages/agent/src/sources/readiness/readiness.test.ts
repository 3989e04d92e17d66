import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { readinessWatch } from "./readiness.js";

const about = { service: "web", check: "up", role: "readiness" } as const;
const passed: HostEvent = { type: "check.passed", data: { ...about, tookMs: 1 } };
const failed: HostEvent = { type: "check.failed", data: { ...about, reason: "refused", failures: 3 } };

/** What readiness says to a story, in order. */
function walk(...story: HostEvent[]): string[] {
  const { bus, seen } = recordingBus();
  bus.subscribe("readiness", readinessWatch(bus.publish));
  for (const event of story) bus.publish(event);
  return seen.flatMap(({ event }) => {
    if (event.type === "service.ready") return ["ready"];
    return event.type === "service.unready" ? [`unready: ${(event.data as { reasons: string[] }).reasons.join()}`] : [];
  });
}

test("a service without checks is ready when its process runs", () => {
  assert.deepEqual(walk(configured("web"), started("web")), ["ready"]);
});

test("a service is not ready before every process runs", () => {
  const two = configured("web", [], ["main", "side"]);
  assert.deepEqual(walk(two, started("web")), []);
  assert.deepEqual(walk(two, started("web"), started("web", "side")), ["ready"]);
});

test("a service is not ready before its readiness checks have passed", () => {
  assert.deepEqual(walk(configured("web", ["up"]), started("web")), []);
  assert.deepEqual(walk(configured("web", ["up"]), started("web"), passed), ["ready"]);
});

test("a failed liveness check says nothing about readiness", () => {
  const liveness: HostEvent = { type: "check.failed", data: { ...about, role: "liveness", reason: "no", failures: 1 } };
  const service: HostEvent = {
    type: "service.configured",
    data: { service: "web", processes: ["main"], checks: [{ name: "up", role: "liveness" }] },
  };
  assert.deepEqual(walk(service, started("web"), liveness), ["ready"]);
});

test("a change is told once, with every reason", () => {
  assert.deepEqual(walk(configured("web", ["up"]), started("web"), passed, passed, failed, failed, passed), [
    "ready",
    "unready: check up failed: refused",
    "ready",
  ]);
  assert.deepEqual(walk(configured("web", ["up"]), started("web"), passed, exited("web")), [
    "ready",
    "unready: process main is exited",
  ]);
});

test("a service that was never ready is not told to be unready", () => {
  assert.deepEqual(walk(configured("web", ["up"]), started("web"), failed, exited("web")), []);
});

test("one service says nothing about another", () => {
  assert.deepEqual(walk(configured("web"), configured("db"), started("web"), exited("db")), ["ready"]);
});
