import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { configured, exited, started } from "../../testing/bus.js";
import { ask, serve, type Served } from "../../testing/http-sink.js";

const json = { headers: { accept: "application/json" } };
const check = { service: "web", check: "up", role: "readiness" } as const;
const passed: HostEvent = { type: "check.passed", data: { ...check, tookMs: 1 } };
const ready: HostEvent = { type: "service.ready", data: { service: "web" } };
const unready: HostEvent = { type: "service.unready", data: { service: "web", reasons: ["it is not"] } };
const failed: HostEvent = { type: "check.failed", data: { ...check, reason: "refused", failures: 3 } };

/** An agent whose services have lived through a story. */
async function after(...story: HostEvent[]): Promise<Served> {
  const agent = await serve();
  for (const event of story) agent.bus.publish(event);
  return agent;
}

test("/health is OK while the agent's own work is done", async () => {
  await using agent = await serve();
  const { status, text, headers } = await ask(`${agent.url}/health`);
  assert.deepEqual([status, text, headers["content-type"]], [200, "OK\n", "text/plain; charset=utf-8"]);
  assert.deepEqual((await ask(`${agent.url}/health`, json)).json(), { status: "pass", overdue: [] });
  const health = await ask(`${agent.url}/health`, { headers: { accept: "application/health+json" } });
  assert.equal((health.json() as { status: string }).status, "pass");
});

test("/health fails and names what is overdue", async () => {
  await using agent = await serve({}, { deps: { overdue: () => ["supervisor"] } });
  const { status, text } = await ask(`${agent.url}/health`);
  assert.deepEqual([status, text], [503, "OVERDUE supervisor\n"]);
  const structured = await ask(`${agent.url}/health`, json);
  assert.deepEqual([structured.status, structured.json()], [503, { status: "fail", overdue: ["supervisor"] }]);
});

test("/health says nothing about services: who restarts the agent for them makes it worse", async () => {
  await using agent = await after(configured("web", ["up"]), started("web"), failed);
  assert.equal((await ask(`${agent.url}/health`)).status, 200);
});

test("/ready is READY when every service is", async () => {
  await using nothing = await after();
  assert.equal((await ask(`${nothing.url}/ready`)).text, "READY\n");
  await using agent = await after(configured("web", ["up"]), started("web"), passed, ready);
  const { status, text } = await ask(`${agent.url}/ready`);
  assert.deepEqual([status, text], [200, "READY\n"]);
});

test("/ready lists every reason why not", async () => {
  await using agent = await after(configured("web", ["up"]), started("web"), configured("db"));
  const { status, text } = await ask(`${agent.url}/ready`);
  assert.deepEqual([status, text], [503, "NOT READY\n"]);
  assert.deepEqual((await ask(`${agent.url}/ready`, json)).json(), {
    ready: false,
    services: {
      web: { ready: false, reasons: ["check up has not passed yet"] },
      db: { ready: false, reasons: ["process main is stopped"] },
    },
  });
});

test("/ready answers for one service alone when asked", async () => {
  await using agent = await after(configured("web"), started("web"), ready, configured("db"));
  assert.equal((await ask(`${agent.url}/ready?service=web`)).status, 200);
  assert.equal((await ask(`${agent.url}/ready?service=db`)).status, 503);
});

test("/ready is not fooled by a service that is not there, whatever its name", async () => {
  await using agent = await after(configured("web"), started("web"), ready);
  for (const name of ["nope", "constructor", "toString", "__proto__", ""]) {
    const answer = await ask(`${agent.url}/ready?service=${name}`, json);
    assert.equal(answer.status, 503, name);
    assert.match(answer.text, /there is no such service/);
  }
});

test("/healthz is healthy, degraded or unhealthy, and only the last is 503", async () => {
  const healthzAfter = async (...story: HostEvent[]): Promise<string> => {
    await using agent = await after(...story);
    const { status, json: body } = await ask(`${agent.url}/healthz`);
    return `${status} ${(body() as { status: string }).status}`;
  };
  const up = [configured("web", ["up"]), started("web"), passed, ready];
  assert.equal(await healthzAfter(), "200 healthy");
  assert.equal(await healthzAfter(...up), "200 healthy");
  assert.equal(await healthzAfter(configured("web")), "200 healthy", "somebody wanted it stopped");
  assert.equal(await healthzAfter(...up, failed, unready), "503 unhealthy");
  assert.equal(await healthzAfter(...up, exited("web"), unready), "503 unhealthy");
  const liveness: HostEvent = { type: "check.failed", data: { ...check, role: "liveness", reason: "no", failures: 1 } };
  const live: HostEvent = {
    type: "service.configured",
    data: { service: "web", processes: ["main"], checks: [{ name: "up", role: "liveness" }] },
  };
  assert.equal(await healthzAfter(live, started("web"), ready, liveness), "200 degraded");
  assert.equal(
    await healthzAfter({ type: "agent.degraded", data: { part: "journal", reason: "full" } }),
    "200 degraded",
  );
  const maintained: HostEvent = {
    type: "maintenance.began",
    data: { service: "web", forMs: 60_000, actor: { kind: "cli", name: "local" }, reason: "new disk" },
  };
  assert.equal(await healthzAfter(...up, maintained), "200 maintenance");
  assert.equal(await healthzAfter(...up, maintained, exited("web"), unready), "200 maintenance", "people work on it");
  const other = [configured("db"), started("db"), exited("db")];
  assert.equal(await healthzAfter(...up, ...other, maintained), "503 unhealthy", "nobody works on the other");
  const isolated: HostEvent = {
    type: "service.isolated",
    data: { service: "web", actor: { kind: "cli", name: "local" }, reason: "odd", processes: ["main"] },
  };
  assert.equal(await healthzAfter(...up, isolated, exited("web"), unready), "200 degraded", "nobody is to repair it");
  assert.equal(await healthzAfter({ type: "config.rejected", data: { file: "f", problems: ["p"] } }), "200 degraded");
  assert.equal(
    await healthzAfter({ type: "controller.unreachable", data: { controller: "c", reason: "no" } }),
    "200 degraded",
  );
});

const alert = { service: "web", rule: "errors", severity: "warning", summary: "too many errors" } as const;
const fired = (more: object = {}): HostEvent => ({ type: "alert.fired", data: { ...alert, ...more } });

test("/healthz says of everything that is not well what it is and how bad", async () => {
  const reasonsAfter = async (...story: HostEvent[]): Promise<string[]> => {
    await using agent = await after(configured("web", ["up"]), started("web"), passed, ready, ...story);
    const { reasons } = (await ask(`${agent.url}/healthz`)).json() as { reasons: Record<string, string>[] };
    return reasons.map(({ status, about, reason }) => `${status} ${about}: ${reason}`);
  };
  assert.deepEqual(await reasonsAfter(), []);
  assert.deepEqual(await reasonsAfter(failed, unready), ["unhealthy service web: check up failed: refused"]);
  const warned: HostEvent = { type: "check.warned", data: { ...check, reason: "expires in 3 days", tookMs: 1 } };
  assert.deepEqual(await reasonsAfter(warned), ["degraded service web: check up warns: expires in 3 days"]);
  assert.deepEqual(await reasonsAfter(fired()), ["degraded service web: alert errors fires: too many errors"]);
  assert.deepEqual(await reasonsAfter(fired({ severity: "critical" }), warned), [
    "unhealthy service web: alert errors fires: too many errors",
    "degraded service web: check up warns: expires in 3 days",
  ]);
  const blinded: HostEvent = {
    type: "rule.blinded",
    data: { service: "web", rule: "errors", because: "absent", reason: "there is no metric errors_total" },
  };
  assert.deepEqual(await reasonsAfter(blinded), [
    "degraded service web: rule errors sees nothing: there is no metric errors_total",
  ]);
});

test("/healthz is not disturbed by advice, by what is only pending, or by what is over", async () => {
  const resolved: HostEvent = {
    type: "alert.resolved",
    data: { service: "web", rule: "errors", severity: "warning", fired: true, because: "passed" },
  };
  const pending: HostEvent = { type: "alert.pending", data: { ...alert, forMs: 1000 } };
  for (const story of [
    [fired({ advice: "scale-up" })],
    [fired({ severity: "info" })],
    [pending],
    [fired(), resolved],
  ]) {
    await using agent = await after(configured("web", ["up"]), started("web"), passed, ready, ...story);
    assert.equal(((await ask(`${agent.url}/healthz`)).json() as { status: string }).status, "healthy");
  }
});

test("a check that passes with a warning keeps nobody from being ready", async () => {
  const warned: HostEvent = { type: "check.warned", data: { ...check, reason: "slow", tookMs: 1 } };
  await using agent = await after(configured("web", ["up"]), started("web"), warned, ready);
  assert.equal((await ask(`${agent.url}/ready`)).status, 200);
});

test("/healthz is one picture of everything", async () => {
  await using agent = await after(configured("web", ["up"]), started("web"));
  await agent.journal.synced(agent.bus.state.seq);
  const picture = (await ask(`${agent.url}/healthz`)).json() as Record<string, Record<string, unknown>>;
  assert.equal(picture.uptime_seconds, 5);
  assert.equal(picture.version, "1.2.3");
  assert.deepEqual(picture.controllers, { connected: 0, total: 0 });
  assert.deepEqual(picture.http, { main: agent.url });
  assert.equal(picture.journal?.last_seq, agent.bus.state.seq);
  const web = picture.services?.web as { reasons: string[]; processes: object; checks: object };
  assert.deepEqual(web.reasons, ["check up has not passed yet"]);
  assert.deepEqual([Object.keys(web.processes), Object.keys(web.checks)], [["main"], ["up"]]);
});
