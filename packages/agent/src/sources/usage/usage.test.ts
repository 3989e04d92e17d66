import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunUsage } from "@ostler/protocol";
import { markOf } from "../../platform/tree.js";
import { configured, exited, recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { markedRun, type MarkedRun } from "../../testing/marked-run.js";
import { until } from "../../testing/until.js";
import { Usage } from "./usage.js";

const everyMs = 10_000;

/** A host with a real process tree for each script, measured whenever time passes. */
function host(scripts: Record<string, string>) {
  const clock = new FakeClock();
  const { bus } = recordingBus(clock);
  const samples: { service: string; usage: RunUsage }[] = [];
  bus.onSample("recorder", (sample) => {
    if (sample.type === "process.measured") samples.push(sample);
  });
  const trouble: string[] = [];
  const usage = Usage.start(
    { every: everyMs },
    {
      sample: bus.sample,
      clock,
      state: () => bus.state,
      degraded: (reason) => trouble.push(reason),
      recovered: () => trouble.push("recovered"),
      pidsOfUnit: () => [],
    },
  );
  bus.subscribe("usage", usage.follow);
  const runs = new Map<string, MarkedRun>();
  const start = (service: string, script: string, run = 1): void => {
    const slot = { service, process: "main" };
    const its = markedRun(script, markOf(bus.state.agent.id, service, "main", run));
    runs.set(`${service} ${run}`, its);
    if (run === 1) bus.publish(configured(service));
    bus.publish({ type: "service.started", data: { ...slot, run, ...its.identity } });
  };
  for (const [service, script] of Object.entries(scripts)) start(service, script);
  const last = (service: string): RunUsage | undefined =>
    samples.filter((sample) => sample.service === service).at(-1)?.usage;
  return {
    bus,
    clock,
    usage,
    samples,
    start,
    last,
    trouble,
    /** Lets measurements pass until the last one of a service is as it should be. */
    measured: (service: string, isRight: (usage: RunUsage) => boolean = () => true): Promise<RunUsage> =>
      until(
        async () => {
          const usage = last(service);
          if (usage && isRight(usage)) return usage;
          await clock.pass(everyMs);
          return undefined;
        },
        `${service} is measured; last ${JSON.stringify(last(service))}`,
      ),
    kill: (pid: number | undefined) => process.kill(pid ?? assert.fail(), "SIGKILL"),
    [Symbol.asyncDispose]: async () => {
      await usage[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
      for (const run of runs.values()) run[Symbol.dispose]();
    },
  };
}

const burn = "while :; do :; done";

test("a tree is measured with all that belongs to it", async () => {
  await using web = host({ web: "sleep 1000 & sleep 1000 & setsid tail -f /dev/null & wait" });
  const usage = await web.measured("web", ({ children }) => children.sleep === 2 && children.tail === 1);
  assert.deepEqual(usage.children, { sleep: 2, tail: 1 });
  assert.equal(usage.pids.length, 4);
  assert.equal(usage.threads, 4);
  assert.ok(usage.residentBytes > 4 * 100_000);
  assert.ok((usage.openFiles ?? 0) >= 12);
});

test("services are measured together, each by itself", async () => {
  await using both = host({ web: "sleep 1000 & wait", db: "tail -f /dev/null & wait" });
  await both.measured("web", ({ children }) => children.sleep === 1);
  await both.measured("db", ({ children }) => children.tail === 1);
});

test("CPU time does not fall when a process that used it ends", async () => {
  await using web = host({ web: `sh -c '${burn}' & (setsid sh -c '${burn}' &) ; sleep 1000 & wait; exec sleep 1000` });
  const before = await web.measured(
    "web",
    ({ cpuSeconds, pids, children }) => cpuSeconds > 0.2 && children.sleep === 1 && pids.length === 4,
  );
  for (const pid of before.pids.slice(1)) web.kill(pid);
  const after = await web.measured("web", ({ pids }) => pids.length === 1);
  assert.ok(after.cpuSeconds >= before.cpuSeconds);
  const all = web.samples.map(({ usage: { cpuSeconds } }) => cpuSeconds);
  assert.deepEqual(
    all,
    [...all].sort((a, b) => a - b),
  );
});

test("the rate is that of the time since the measurement before", async () => {
  await using web = host({ web: burn });
  const first = await web.measured("web");
  assert.equal(first.cpuPercent, undefined);
  const next = await web.measured("web", ({ cpuPercent = 0 }) => cpuPercent > 0);
  assert.ok(next.cpuSeconds > first.cpuSeconds);
});

test("a run is first measured a second after its start", async () => {
  await using web = host({});
  await web.clock.pass(everyMs / 2);
  web.start("web", "sleep 1000");
  await until(() => web.clock.pass(0).then(() => web.clock.nextMs <= 1000));
  await web.clock.pass(1000);
  await until(() => web.last("web"), "it is measured");
});

test("what does not run is not measured, and its figures are not told", async () => {
  await using web = host({ web: "sleep 1000" });
  await web.measured("web");
  assert.deepEqual(Object.keys(web.usage.of("web")), ["main"]);
  web.bus.publish(exited("web"));
  assert.deepEqual(web.usage.of("web"), {});
  const { length } = web.samples;
  await web.clock.pass(3 * everyMs);
  assert.equal(web.samples.length, length);
  assert.throws(() => web.usage.of("other"), /There is no service "other" here/);
});

test("the largest figures of a run are kept until another run is measured", async () => {
  await using web = host({ web: "for i in 1 2 3 4; do sleep 1000 & done; exec sleep 1000" });
  const high = await web.measured("web", ({ threads }) => threads === 5);
  for (const pid of high.pids.slice(1)) web.kill(pid);
  await web.measured("web", ({ threads }) => threads < 5);
  const peaks = web.usage.peaksOf({ service: "web", process: "main" }) ?? assert.fail();
  assert.equal(peaks.threads, 5);
  assert.ok(peaks.residentBytes >= high.residentBytes);
  web.bus.publish(exited("web"));
  assert.equal(web.usage.peaksOf({ service: "web", process: "main" })?.threads, 5);
  web.start("web", "exec sleep 1000", 2);
  await web.measured("web", ({ run }) => run === 2);
  assert.ok((web.usage.peaksOf({ service: "web", process: "main" })?.threads ?? 5) < 5);
});

test("nothing is kept of a service that is gone", async () => {
  await using web = host({ web: "sleep 1000" });
  await web.measured("web");
  web.bus.publish({ type: "service.removed", data: { service: "web" } });
  await until(async () => {
    await web.clock.pass(everyMs);
    return !web.usage.peaksOf({ service: "web", process: "main" });
  });
});

test("a reload changes how often is measured", async () => {
  await using web = host({ web: "sleep 1000" });
  await web.measured("web");
  await web.usage.prepare({ every: 2000 }).commit(new AbortController().signal);
  await until(() => web.clock.pass(0).then(() => web.clock.nextMs <= 2000), "it wakes sooner");
});
