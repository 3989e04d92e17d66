import assert from "node:assert/strict";
import { test } from "node:test";
import { kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = `
services:
  web: {command: [sleep, "1000"]}
  db: {command: [sleep, "1000"]}
`;

async function started(): Promise<TestAgent> {
  const agent = await TestAgent.start(config);
  await agent.ready("web");
  await agent.ready("db");
  return agent;
}

const on = (agent: TestAgent, span: string, ...service: string[]) =>
  agent.ostler("maintenance", "on", ...service, "--for", span, "--reason", "new disk");

test("maintenance is shown wherever somebody looks, and readiness stays true", async () => {
  await using agent = await started();
  assert.deepEqual(await on(agent, "30m", "web"), { code: 0, stdout: "web is in maintenance for 30m\n", stderr: "" });
  const told = /in maintenance by cli local until .*: new disk/;
  assert.match((await agent.ostler("status")).stdout, new RegExp(`^web +ready .*${told.source}`, "m"));
  assert.match((await agent.ostler("why", "web")).stdout, told);
  assert.equal(((await agent.get("/healthz")) as { status: string }).status, "maintenance");
  const metrics = (await agent.get("/metrics")) as string;
  assert.match(metrics, /ostler_service_maintenance\{service="web"\} 1/);
  assert.match(metrics, /ostler_service_maintenance\{service="db"\} 0/);
  assert.equal(await agent.isReady("web"), true);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.equal(await agent.get("/ready?service=web"), "NOT READY\n");
  assert.equal((await agent.ostler("maintenance", "off", "web")).stdout, "web is not in maintenance any more\n");
  const [ended] = await agent.events("maintenance.ended");
  assert.deepEqual([ended?.data.because, ended?.data.actor], ["ended", { kind: "cli", name: "local" }]);
  assert.equal(((await agent.get("/healthz")) as { status: string }).status, "healthy");
});

test("maintenance of the whole host is shown too, and ends by itself", async () => {
  await using agent = await started();
  await on(agent, "2s");
  assert.match((await agent.ostler("health")).stdout, /^status +maintenance\n +in maintenance by cli local/m);
  assert.match((await agent.ostler("status")).stdout, /^The host is in maintenance by cli local/);
  const [ended] = await until(async () => {
    const events = await agent.events("maintenance.ended");
    return events.length > 0 ? events : undefined;
  }, "it ends");
  assert.equal(ended?.data.because, "expired");
  assert.equal((await agent.state()).maintenance, undefined);
});

test("what ends during maintenance is started when that is over, and by people before", async () => {
  await using agent = await started();
  const before = await agent.pidOf("web");
  await on(agent, "30m");
  kill(before);
  kill(await agent.pidOf("db"));
  const phaseOf = async (service: string): Promise<string | undefined> =>
    (await agent.state()).services[service]?.processes.main?.phase.name;
  await until(async () => (await phaseOf("web")) === "waiting" && (await phaseOf("db")) === "waiting", "both wait");
  assert.equal((await agent.ostler("start", "db")).code, 0);
  assert.equal(await phaseOf("web"), "waiting");
  await agent.end("SIGKILL");
  await agent.run();
  await agent.ready("db");
  assert.equal(await phaseOf("web"), "waiting");
  await agent.ostler("maintenance", "off");
  await agent.ready("web");
  assert.notEqual(await agent.pidOf("web"), before);
});

test("maintenance that makes no sense is refused", async () => {
  await using agent = await started();
  assert.equal((await agent.ostler("maintenance", "on", "web", "--for", "30m")).code, 2);
  assert.equal((await agent.ostler("maintenance", "on", "web", "--reason", "x")).code, 2);
  for (const span of ["soon", "0s", "31d"]) assert.equal((await on(agent, span, "web")).code, 2, span);
  assert.equal((await on(agent, "30m", "wbe")).code, 1);
});

test("maintenance outlives the agent, and one that is overdue ends with the next", async () => {
  await using agent = await started();
  await on(agent, "30m", "web");
  await on(agent, "1s");
  const { maintenance } = await agent.state();
  await agent.end("SIGKILL");
  await until(() => Date.now() > Date.parse(maintenance?.until ?? ""), "its time is over");
  await agent.run();
  const state = await agent.state();
  assert.equal(state.maintenance, undefined);
  assert.equal(state.services.web?.maintenance?.reason, "new disk");
});
