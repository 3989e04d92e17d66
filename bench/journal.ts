// How many events a second the journal takes: published in batches through the bus, numbered, folded, written and fsynced.
import { join } from "node:path";
import { initialState } from "@ostler/protocol";
import { median, report, root, Workplace } from "./helpers/bench.js";

const total = Number(process.argv[2] ?? 200_000);
const batch = 200;
const rounds = 5;

// Inside the agent: these are no public surfaces, but what is measured is nothing else.
const inside = (path: string): Promise<unknown> => import(join(root, "packages/agent/dist", path));
const { Bus } = (await inside("core/bus.js")) as typeof import("../packages/agent/dist/core/bus.js");
const { Journal } = (await inside(
  "core/journal/journal.js",
)) as typeof import("../packages/agent/dist/core/journal/journal.js");
const { systemClock } = (await inside("core/clock.js")) as typeof import("../packages/agent/dist/core/clock.js");
const { openDisk } = (await inside("platform/disk.js")) as typeof import("../packages/agent/dist/platform/disk.js");

const rates: number[] = [];
for (let round = 0; round < rounds; round++) {
  await using place = new Workplace();
  const { journal } = await Journal.open({
    disk: openDisk(place.path("journal")),
    limits: { maxBytes: 1024 ** 3, maxAgeMs: 1e9 },
    clock: systemClock,
    newEpoch: () => "bench",
    sample: () => {},
    degraded: (reason) => console.error(reason),
    recovered: () => {},
  });
  const bus = new Bus({ state: initialState("bench"), agentId: "bench", clock: systemClock });
  bus.subscribe("journal", journal.record);
  const startMs = performance.now();
  for (let at = 0; at < total; at += batch) {
    for (let one = 0; one < batch; one++)
      bus.publish({
        type: "check.passed",
        data: { service: "web", check: `check-${one % 10}`, role: "readiness", tookMs: 1.5 },
      });
    await journal.synced(bus.state.seq);
  }
  rates.push(total / ((performance.now() - startMs) / 1000));
  await journal[Symbol.asyncDispose]();
}
report(`journal, ${total.toLocaleString("en")} events in batches of ${batch}, each batch fsynced`, [
  ["events/s, median", median(rates)],
  ["events/s, worst", Math.min(...rates)],
]);
