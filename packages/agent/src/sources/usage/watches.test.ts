import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunUsage } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { Watches, type Services } from "./watches.js";

const mib = 1024 ** 2;

const services = (...watch: object[]): Services => ({
  web: serviceConfig.parse({ processes: { main: { command: ["x"] }, side: { command: ["y"] } }, watch }),
});

/** A service of two processes that run and are measured every 10 s, as a test says. */
function host(...watch: object[]) {
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  for (const event of [configured("web", [], ["main", "side"]), started("web"), started("web", "side")])
    bus.publish(event);
  const watches = new Watches(services(...watch), {
    publish: bus.publish,
    clock,
    state: () => bus.state,
    hostBytes: () => 1000 * mib,
  });
  bus.onSample("watches", watches.take);
  return {
    bus,
    /** Measures so many MiB, one after another; of a run that may be over. */
    uses: (sizes: number[], process = "main", run = 1) => {
      for (const size of sizes) {
        const usage = { run, at: "", startedAt: "", pids: [4242], children: {}, cpuSeconds: 0, threads: 1 };
        const measured: RunUsage = { ...usage, residentBytes: size * mib };
        bus.sample({ type: "process.measured", service: "web", process, usage: measured });
        clock.advance(10_000);
      }
    },
    reload: (...next: object[]) => watches.prepare(services(...next)).commit(new AbortController().signal),
    /** What was told of limits, as `process watch verdict`. */
    told: (): string[] =>
      seen.flatMap(({ event: { type, data } }) => {
        if (!type.startsWith("service.limit-")) return [];
        const { process, watch, because = "exceeded" } = data as Record<string, string>;
        return [`${process} ${watch} ${because}`];
      }),
    last: () => seen.at(-1)?.event.data,
    exceeded: (process = "main") => Object.keys(bus.state.services.web?.processes[process]?.exceeded ?? {}),
  };
}

const memory = { memory: { above: "512MiB" }, for: "20s" };

test("a limit that is exceeded for long enough is told once, with everything about it", () => {
  const web = host({ ...memory, action: "restart" });
  web.uses([600, 610]);
  assert.deepEqual(web.told(), []);
  web.uses([620, 630]);
  assert.deepEqual(web.told(), ["main memory exceeded"]);
  assert.deepEqual(web.last(), {
    ...{ service: "web", process: "main", run: 1, pid: 4242, watch: "memory", action: "restart", forMs: 20_000 },
    ...{ what: "memory", bound: "at-most", value: 620 * mib, limit: 512 * mib },
  });
  assert.deepEqual(web.exceeded(), ["memory"]);
});

test("what is back is told, and what only was beyond for a moment is not", () => {
  const web = host(memory);
  web.uses([600, 600, 500, 600, 600, 600, 500, 500]);
  assert.deepEqual(web.told(), ["main memory exceeded", "main memory within"]);
  assert.deepEqual(web.exceeded(), []);
});

test("each process is watched by itself, or the one that the watch names", () => {
  const web = host(memory, { ...memory, name: "side-only", process: "side" });
  web.uses([600, 600, 600]);
  web.uses([600, 600, 600], "side");
  assert.deepEqual(web.told(), ["main memory exceeded", "side memory exceeded", "side side-only exceeded"]);
});

test("a new run begins anew, and what is told of a run that is over counts no more", () => {
  const web = host(memory);
  web.uses([600, 600]);
  web.bus.publish(exited("web"));
  web.uses([600]);
  const again = { service: "web", process: "main", run: 2, pid: 4243, startTicks: 2 };
  web.bus.publish({ type: "service.restarted", data: { ...again, attempt: 1, because: "it ended" } });
  web.uses([600, 600], "main", 1);
  web.uses([600, 600], "main", 2);
  assert.deepEqual(web.told(), []);
  web.uses([600], "main", 2);
  assert.deepEqual(web.told(), ["main memory exceeded"]);
});

test("a reload that raises a limit ends its excess, and one that lowers it goes on waiting", async () => {
  const web = host(memory);
  web.uses([600, 600, 600]);
  await web.reload({ ...memory, memory: { above: "50%" } });
  web.uses([600]);
  assert.deepEqual(web.told(), ["main memory exceeded"]);
  await web.reload({ ...memory, memory: { above: "1GiB" } });
  web.uses([600]);
  assert.deepEqual(web.told(), ["main memory exceeded", "main memory within"]);
});

test("a watch that leaves the configuration, or watches something else now, is not exceeded any more", async () => {
  const web = host(memory, { ...memory, name: "changed" });
  web.uses([600, 600, 600]);
  assert.deepEqual(web.exceeded(), ["memory", "changed"]);
  await web.reload({ name: "changed", cpu: { above: "10%" } });
  assert.deepEqual(web.told().slice(2), ["main memory unwatched", "main changed unwatched"]);
  assert.deepEqual(web.exceeded(), []);
});

test("a service without watches is never told of", () => {
  const web = host();
  web.uses([10_000, 10_000]);
  assert.deepEqual(web.told(), []);
});
