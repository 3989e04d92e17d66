import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventData, HostEvent } from "@ostler/protocol";
import { recordingBus } from "../testing/bus.js";
import { runPolicies } from "./policies.js";
import type { Decision } from "./policy.js";
import { restartUnhealthy } from "./restart-unhealthy.js";

const failed = (more: Partial<EventData<"check.failed">> = {}): HostEvent => ({
  type: "check.failed",
  data: { service: "web", check: "alive", role: "liveness", reason: "no answer", failures: 3, ...more },
});

test("a failed liveness check restarts its service, and says why", () => {
  assert.deepEqual(restartUnhealthy(failed()), {
    policy: "restart-unhealthy",
    name: "service.restart",
    args: { service: "web" },
    reason: "liveness check alive failed: no answer",
  });
});

test("a check that is about one process restarts that one alone", () => {
  assert.deepEqual(restartUnhealthy(failed({ process: "api" }))?.args, { service: "web", process: "api" });
});

test("nothing else restarts anything", () => {
  assert.equal(restartUnhealthy(failed({ role: "readiness" })), undefined);
  const passed = { service: "web", check: "alive", role: "liveness", tookMs: 1 } as const;
  assert.equal(restartUnhealthy({ type: "check.passed", data: passed }), undefined);
  assert.equal(restartUnhealthy({ type: "somebody.else", data: { role: "liveness" } }), undefined);
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
