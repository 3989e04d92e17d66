import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { instrumentsIn, type Instruments } from "./catalogue.js";
import { Metrics } from "./metrics.js";
import { OwnSeries } from "./own-series.js";

/** Changes metrics of every type. */
function use(its: Instruments): void {
  its.events.inc({ type: "a" });
  its.events.inc({ type: 'b"\\\n' }, 3);
  its.serviceReady.set({ service: "web" }, 1);
  its.journalBytes.set(7);
  its.requests.inc({ route: "/", method: "GET", status: 200 });
  for (const seconds of [0.0001, 0.005, 0.3, 60]) its.checkSeconds.observe({ service: "web", check: "c" }, seconds);
  its.journalWrites.observe(0.004);
  its.serviceReady.remove({ service: "web" });
  its.degraded.set({ part: "x" }, 1);
  its.degraded.reset();
}

for (const [format, contentType] of [
  ["prometheus", Registry.PROMETHEUS_CONTENT_TYPE],
  ["openMetrics", Registry.OPENMETRICS_CONTENT_TYPE],
] as const)
  test(`the metrics are written as prom-client writes them: ${format}`, async () => {
    const registry = new Registry();
    registry.setContentType(contentType as typeof Registry.PROMETHEUS_CONTENT_TYPE);
    use(instrumentsIn(registry, () => undefined));
    using own = new OwnSeries();
    use(own.instruments);
    const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "" && line !== "# EOF");
    assert.deepEqual(lines(own.text(format)), lines(await registry.metrics()));
  });

test("what has changed since is written anew, whatever changed it", () => {
  using own = new OwnSeries();
  const line = (name: string): string | undefined =>
    own
      .text("prometheus")
      .split("\n")
      .find((text) => text.startsWith(name));
  const { journalBytes, events, journalWrites, degraded } = own.instruments;
  assert.equal(line("ostler_journal_bytes "), "ostler_journal_bytes 0");
  journalBytes.set(3);
  assert.equal(line("ostler_journal_bytes "), "ostler_journal_bytes 3");
  journalBytes.dec();
  assert.equal(line("ostler_journal_bytes "), "ostler_journal_bytes 2");
  events.inc({ type: "a" });
  assert.equal(line("ostler_events_total{"), 'ostler_events_total{type="a"} 1');
  events.remove({ type: "a" });
  assert.equal(line("ostler_events_total{"), undefined);
  journalWrites.observe(1);
  assert.equal(line("ostler_journal_write_duration_seconds_sum"), "ostler_journal_write_duration_seconds_sum 1");
  degraded.set({ part: "a" }, 1);
  assert.ok(line("ostler_degraded{"));
  degraded.reset();
  assert.equal(line("ostler_degraded{"), undefined);
});

test("one thing that cannot be read fails no scrape, and is told", async () => {
  const state = (): never => {
    throw new Error("no state");
  };
  using metrics = new Metrics({ state, journal: () => ({ bytes: 9, first: 0, durable: 0 }), version: "1" });
  const { text } = await metrics.render("");
  assert.ok(text.includes('ostler_collector_success{collector="state"} 0\n'));
  assert.ok(text.includes('ostler_collector_success{collector="journal"} 1\n'));
  assert.ok(text.includes("ostler_journal_bytes 9\n"));
});

test("the series of a service are found by their name with those of nobody, and as they are now", () => {
  using own = new OwnSeries();
  const { serviceReady, checkSeconds, journalBytes } = own.instruments;
  const found = (name: string): string[] =>
    own.pointsOf(name, "web").map(({ labels, value }) => `${JSON.stringify(labels)} ${value}`);
  for (const service of ["web", "db"]) {
    serviceReady.set({ service }, 1);
    checkSeconds.observe({ service, check: "up" }, 2);
  }
  assert.deepEqual(found("ostler_service_ready"), ['{"service":"web"} 1']);
  assert.deepEqual(found("ostler_check_duration_seconds_count"), ['{"service":"web","check":"up"} 1']);
  assert.deepEqual(found("ostler_check_duration_seconds"), []);
  assert.deepEqual(found("ostler_journal_bytes"), ["{} 0"]);
  assert.deepEqual(found("ostler_nothing"), []);
  serviceReady.set({ service: "web" }, 0);
  journalBytes.set(7);
  assert.deepEqual(
    [...found("ostler_service_ready"), ...found("ostler_journal_bytes")],
    ['{"service":"web"} 0', "{} 7"],
  );
});
