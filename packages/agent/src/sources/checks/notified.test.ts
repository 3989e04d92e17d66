import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { NotifiedChecks } from "./notified.js";

const service = (within?: string): ReturnType<typeof serviceConfig.parse> => {
  const api = { command: ["x"], notify_fd: 3, ...(within === undefined ? {} : { notify_within: within }) };
  return serviceConfig.parse({ processes: { api, side: { command: ["y"] } } });
};
const begun = (process = "api", run = 1): HostEvent =>
  run === 1
    ? started("web", process)
    : {
        type: "service.restarted",
        data: { service: "web", process, run, pid: 4243, startTicks: 2, attempt: 1, because: "it ended" },
      };
const adopted = (run: number, uptimeMs: number): HostEvent => ({
  type: "service.adopted",
  data: { service: "web", process: "api", run, pid: 4242, startTicks: 1, uptimeMs },
});
const notified = (run = 1): HostEvent => ({
  type: "service.notified",
  data: { service: "web", process: "api", run, tookMs: 1 },
});

/** A service whose process `api` notifies, and how its check stands. */
function host(within?: string, ...before: HostEvent[]) {
  const clock = new FakeClock();
  const { bus, types } = recordingBus(clock);
  bus.publish(configured("web", ["api:notified"], ["api", "side"]));
  for (const event of before) bus.publish(event);
  const checks = new NotifiedChecks({ web: service(within) }, { publish: bus.publish, clock, state: () => bus.state });
  bus.subscribe("checks", ({ event }) => checks.follow(event));
  return {
    bus,
    clock,
    checks,
    is: () => bus.state.services.web?.checks["api:notified"]?.status,
    told: () => types().filter((type) => type.startsWith("check.")).length,
    [Symbol.dispose]: () => {
      checks[Symbol.dispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
    },
  };
}

test("it passes with the notification, and is pending again with the next run", () => {
  using web = host();
  web.bus.publish(begun());
  assert.equal(web.is(), "pending");
  web.bus.publish(notified());
  assert.equal(web.is(), "passed");
  web.bus.publish(exited("web", "api"));
  web.bus.publish(begun("api", 2));
  web.clock.advance(86_400_000);
  assert.equal(web.is(), "pending");
  web.bus.publish(notified(2));
  assert.deepEqual([web.is(), web.told()], ["passed", 2]);
});

test("the start of another process of the service does not take back what is known", () => {
  using web = host();
  web.bus.publish(begun());
  web.bus.publish(notified());
  web.bus.publish(begun("side"));
  assert.equal(web.is(), "passed");
});

test("a new agent knows what an earlier one has heard", () => {
  using web = host(undefined, begun(), notified(), adopted(1, 60_000));
  assert.equal(web.is(), "passed");
});

test("a notification of an earlier run says nothing of the one that is found", () => {
  using web = host(undefined, begun(), notified(), adopted(2, 60_000));
  assert.equal(web.is(), "pending");
});

test("it fails when the time is over, and passes when the notification comes all the same", () => {
  using web = host("30s");
  web.bus.publish(begun());
  web.clock.advance(29_999);
  assert.equal(web.is(), "pending");
  web.clock.advance(1);
  const check = web.bus.state.services.web?.checks["api:notified"];
  assert.deepEqual([check?.status, check?.reason], ["failed", "it has not notified that it is ready within 30000 ms"]);
  web.bus.publish(notified());
  assert.deepEqual([web.is(), web.told()], ["passed", 2]);
});

test("the time goes on through starts of other processes, jumps of the wall clock, and stays over", () => {
  using web = host("30s");
  web.bus.publish(begun());
  web.clock.advance(20_000);
  web.clock.jump(3_600_000);
  web.bus.publish(begun("side"));
  assert.equal(web.is(), "pending");
  web.clock.advance(10_000);
  assert.equal(web.is(), "failed");
  web.bus.publish(begun("side", 2));
  assert.deepEqual([web.is(), web.told()], ["failed", 2]);
});

test("the time goes on through a restart of the agent", () => {
  using web = host("30s", begun(), adopted(1, 20_000));
  web.clock.advance(9999);
  assert.equal(web.is(), "pending");
  web.clock.advance(1);
  assert.equal(web.is(), "failed");
});

test("each run has its whole time, and one that has ended none", () => {
  using web = host("30s");
  web.bus.publish(begun());
  web.clock.advance(20_000);
  web.bus.publish(exited("web", "api"));
  assert.equal(web.clock.waiting, 0);
  web.bus.publish(begun("api", 2));
  web.clock.advance(29_999);
  assert.deepEqual([web.is(), web.told()], ["pending", 0]);
});

test("a reload gives a run that is waited for another deadline, or none", () => {
  using web = host("30s");
  web.bus.publish(begun());
  web.clock.advance(10_000);
  web.checks.reconfigure({ web: service("15s") });
  web.clock.advance(4999);
  assert.equal(web.is(), "pending");
  web.checks.reconfigure({ web: service() });
  web.clock.advance(60_000);
  assert.equal(web.is(), "pending");
  web.checks.reconfigure({ web: service("15s") });
  assert.equal(web.is(), "failed");
});
