import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sight } from "../../core/series.js";
import { configured } from "../../testing/bus.js";
import { ask, problemIn, serve } from "../../testing/http-sink.js";

const readings = (count: number): Sight => ({
  is: "seen",
  readings: Array.from({ length: count }, (_, at) => ({
    labels: { service: "web", queue: `q${at}` },
    value: at,
    atMs: Date.parse("2026-01-01T00:00:00Z"),
  })),
});

const numbers: Record<string, Sight> = {
  depth: readings(1),
  dlq: { is: "absent", reason: "no such key" },
  peers: { is: "unreachable", reason: "refused" },
};

test("the numbers of a service are told with their age, and what nobody knows with its reason", async () => {
  await using agent = await serve({}, { deps: { numbers: () => numbers } });
  agent.bus.publish(configured("web"));
  const told = {
    depth: { is: "seen", readings: [{ labels: { queue: "q0" }, value: 0, at: "2026-01-01T00:00:00.000Z" }] },
    dlq: { is: "absent", reason: "no such key" },
    peers: { is: "unreachable", reason: "refused" },
  };
  assert.deepEqual((await ask(`${agent.url}/v1/services/web/numbers`)).json(), told);
  const { services } = (await ask(`${agent.url}/healthz`)).json() as { services: Record<string, { numbers: object }> };
  assert.deepEqual(services.web?.numbers, told);
});

test("of a number with many series some are told; a service that is not there has none", async () => {
  await using agent = await serve({}, { deps: { numbers: () => ({ depth: readings(1000) }) } });
  agent.bus.publish(configured("web"));
  const { depth } = (await ask(`${agent.url}/v1/services/web/numbers`)).json() as { depth: { readings: unknown[] } };
  assert.equal(depth.readings.length, 50);
  assert.equal(problemIn(await ask(`${agent.url}/v1/services/nope/numbers`)), "404 not-found");
});
