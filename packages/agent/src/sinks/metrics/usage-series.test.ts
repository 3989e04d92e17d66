import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent, RunUsage } from "@ostler/protocol";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { Metrics } from "./metrics.js";

const usage: RunUsage = {
  run: 1,
  at: "2026-01-01T00:00:00.000Z",
  startedAt: "2026-01-01T00:00:00.000Z",
  pids: [1, 2],
  children: { worker: 2 },
  cpuSeconds: 3.5,
  residentBytes: 4096,
  threads: 9,
};

/** Metrics on a real bus, with two services that run. */
function measured() {
  const { bus } = recordingBus();
  const metrics = new Metrics({
    state: () => bus.state,
    journal: () => ({ bytes: 0, first: 0, durable: 0 }),
    version: "1",
  });
  bus.subscribe("metrics", metrics.follow);
  bus.onSample("metrics", metrics.take);
  for (const service of ["web", "db"]) for (const event of [configured(service), started(service)]) bus.publish(event);
  return {
    live: (...story: HostEvent[]) => story.forEach((event) => bus.publish(event)),
    use: (service: string, more: Partial<RunUsage> = {}) =>
      bus.sample({ type: "process.measured", service, process: "main", usage: { ...usage, ...more } }),
    /** What is used by a service, each as `name value`, without what goes without saying. */
    shown: async (service = "web"): Promise<string[]> =>
      (await metrics.render("")).text
        .split("\n")
        .filter(
          (line) => /^ostler_process_(cpu|resident|open|threads|children)/.test(line) && line.includes(`"${service}"`),
        )
        .map((line) => line.replace("ostler_process_", "").replace(`service="${service}",process="main"`, "")),
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  };
}

const all = [
  "cpu_seconds_total{} 3.5",
  "resident_memory_bytes{} 4096",
  "open_fds{} 7",
  "threads{} 9",
  'children{,name="worker"} 2',
];

test("what a process uses is shown as it was measured last", async () => {
  using agent = measured();
  assert.deepEqual(await agent.shown(), []);
  agent.use("web", { openFiles: 7 });
  assert.deepEqual(await agent.shown(), all);
  agent.use("web", { openFiles: 8, cpuSeconds: 5, threads: 1, children: { helper: 1 } });
  assert.deepEqual(await agent.shown(), [
    "cpu_seconds_total{} 5",
    "resident_memory_bytes{} 4096",
    "open_fds{} 8",
    "threads{} 1",
    'children{,name="helper"} 1',
  ]);
});

test("what may not be seen is absent, not zero", async () => {
  using agent = measured();
  agent.use("web", { openFiles: 7 });
  agent.use("web");
  assert.ok(!(await agent.shown()).join().includes("open_fds"));
});

test("a process that does not run uses nothing, which is not zero", async () => {
  using agent = measured();
  agent.use("web");
  agent.use("db");
  agent.live(exited("web"));
  assert.deepEqual(await agent.shown(), []);
  assert.equal((await agent.shown("db")).length, 4);
});

test("a service or process that leaves the configuration takes its series with it", async () => {
  using agent = measured();
  agent.use("web");
  agent.use("db");
  agent.live({ type: "service.removed", data: { service: "web" } }, configured("db", [], ["other"]));
  assert.deepEqual([await agent.shown("web"), await agent.shown("db")], [[], []]);
});

test("a service whose name every object knows takes its series with it, too", async () => {
  using agent = measured();
  agent.use("constructor");
  agent.live(configured("constructor"), { type: "service.removed", data: { service: "constructor" } });
  assert.deepEqual(await agent.shown("constructor"), []);
});

test("names of children are bounded: the commonest are named, the rest are others", async () => {
  using agent = measured();
  const children = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`w${at}`, 30 - at]));
  agent.use("web", { children });
  const lines = (await agent.shown()).filter((line) => line.startsWith("children"));
  assert.equal(lines.length, 11);
  assert.equal(lines[0], 'children{,name="w0"} 30');
  assert.equal(lines[10], `children{,name="other"} ${(20 * 21) / 2}`);
});
