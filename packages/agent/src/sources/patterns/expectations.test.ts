import assert from "node:assert/strict";
import { test } from "node:test";
import { isHostEvent, type HostEvent } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { Expectations } from "./expectations.js";

const processes = { api: { command: ["x"] }, worker: { command: ["x"] } };

/** A service that expects one pattern within 30 s, of whatever writes it. */
function host(source: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  bus.publish(configured("web", [], ["api", "worker"]));
  const { logs } = serviceConfig.parse({
    processes,
    logs: [{ ...source, patterns: [{ name: "up", match: "up", within: "30s", cause: "no" }] }],
  });
  const expectations = new Expectations({ publish: bus.publish, clock, state: () => bus.state });
  bus.subscribe("expectations", ({ event }) => isHostEvent(event) && expectations.follow(event, logs));
  const pattern = logs[0]?.patterns[0] ?? assert.fail();
  return {
    ...{ bus, clock, expectations, logs },
    see: (process?: string) => expectations.seen("web", pattern, process),
    missed: () =>
      seen.flatMap(({ event }) => {
        const its = event as HostEvent;
        return its.type === "pattern.missed" ? [its.data.process] : [];
      }),
  };
}

test("what is not written in time after a start is told, once, for each process", () => {
  const web = host();
  web.bus.publish(started("web", "api"));
  web.bus.publish(started("web", "worker"));
  web.clock.advance(29_999);
  assert.deepEqual(web.missed(), []);
  web.see("worker");
  web.clock.advance(60_000);
  assert.deepEqual(web.missed(), ["api"]);
});

test("of one process only that is expected which is to write it", () => {
  const web = host({ stdout: { process: "api" } });
  web.bus.publish(started("web", "worker"));
  web.clock.advance(30_000);
  assert.deepEqual([web.missed(), web.clock.waiting], [[], 0]);
});

test("a line in a file is that of whatever process is waited for", () => {
  const web = host({ file: "/x" });
  web.bus.publish(started("web", "api"));
  web.see();
  web.clock.advance(60_000);
  assert.deepEqual(web.missed(), []);
});

test("a process that ends is waited for no more, and none is when the service is gone", () => {
  const web = host();
  web.bus.publish(started("web", "api"));
  web.bus.publish(exited("web", "api"));
  assert.equal(web.clock.waiting, 0);
  web.bus.publish(started("web", "api"));
  web.bus.publish({ type: "service.removed", data: { service: "web" } });
  assert.equal(web.clock.waiting, 0);
});

test("an agent that comes later waits for the rest of the time, and not for what was seen or is over", () => {
  const web = host();
  web.bus.publish(started("web", "api"));
  web.expectations.end("web");
  web.clock.advance(20_000);
  web.expectations.begin("web", web.logs);
  web.clock.advance(9_999);
  assert.deepEqual(web.missed(), []);
  web.clock.advance(1);
  assert.deepEqual(web.missed(), ["api"]);
  web.clock.advance(1);
  web.expectations.begin("web", web.logs);
  assert.equal(web.clock.waiting, 0);
});

test("what one process has written is not what another one was to write, also for an agent that comes later", () => {
  const web = host();
  web.bus.publish(started("web", "api"));
  web.bus.publish(started("web", "worker"));
  web.see("worker");
  const data = { service: "web", pattern: "up", severity: "info", source: "output", process: "worker" } as const;
  web.bus.publish({ type: "pattern.matched", data: { ...data, line: "up", suppressed: 0, key: "1" } });
  const next = new Expectations({ publish: web.bus.publish, clock: web.clock, state: () => web.bus.state });
  next.restore("web", "up", web.expectations.seenIn("web", "up"));
  web.expectations[Symbol.dispose]();
  next.begin("web", web.logs);
  web.clock.advance(30_000);
  assert.deepEqual(web.missed(), ["api"]);
  next.begin("web", web.logs);
  assert.equal(web.clock.waiting, 0);
});

test("what was seen in this run is not waited for again when the service is begun anew, in the next run it is", () => {
  const web = host();
  web.bus.publish(started("web", "api"));
  web.see("api");
  web.expectations.end("web");
  web.expectations.begin("web", web.logs);
  assert.equal(web.clock.waiting, 0);
  web.bus.publish(exited("web", "api"));
  web.bus.publish(started("web", "api"));
  web.expectations.end("web");
  web.expectations.begin("web", web.logs);
  web.clock.advance(30_000);
  assert.deepEqual(web.missed(), ["api"]);
});
