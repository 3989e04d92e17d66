import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFigures } from "@ostler/protocol";
import { configured, recordingBus } from "../../testing/bus.js";
import { Metrics } from "./metrics.js";

function measured() {
  const { bus } = recordingBus();
  const metrics = new Metrics({
    state: () => bus.state,
    journal: () => ({ bytes: 0, first: 0, durable: 0 }),
    version: "1",
  });
  bus.subscribe("metrics", metrics.follow);
  bus.onSample("metrics", metrics.take);
  bus.publish(configured("web"));
  return {
    bus,
    tell: (patterns: LogFigures["patterns"], lines = 1, source = "out") =>
      bus.sample({ type: "logs.measured", service: "web", source, lines, bytes: lines * 10, patterns }),
    shown: async (): Promise<string[]> =>
      (await metrics.render("")).text
        .split("\n")
        .filter((line) => line.startsWith("ostler_log_"))
        .map((line) => line.replace("ostler_log_", "").replace('service="web",source="out"', "")),
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  };
}

test("lines and matches add up, the age and what is recent are those of now", async () => {
  using its = measured();
  its.tell({
    p: {
      matches: 2,
      ageSeconds: 1,
      recent: [
        { group: "a", count: 2 },
        { group: "b", count: 1 },
      ],
    },
  });
  its.tell({ p: { matches: 3, ageSeconds: 4, recent: [{ group: "b", count: 5 }] } }, 4);
  assert.deepEqual(await its.shown(), [
    "lines_total{} 5",
    "bytes_total{} 50",
    'matches_total{,pattern="p"} 5',
    'match_age_seconds{,pattern="p"} 4',
    'recent_matches{,pattern="p",group="b"} 5',
  ]);
});

test("what is not looked for any more is not shown, nor is a source or a service that is gone", async () => {
  using its = measured();
  its.tell({ p: { matches: 1, ageSeconds: 0, recent: [{ group: "", count: 1 }] } });
  its.tell({});
  assert.deepEqual(await its.shown(), ["lines_total{} 2", "bytes_total{} 20"]);
  its.tell({}, 1, "file");
  its.bus.sample({ type: "logs.forgotten", service: "web", source: "out" });
  assert.deepEqual((await its.shown()).length, 2);
  its.bus.publish({ type: "service.removed", data: { service: "web" } });
  assert.deepEqual(await its.shown(), []);
});
