import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = `
services:
  web:
    processes:
      api: {command: [sleep, "1000"]}
      worker: {command: [sleep, "1000"]}
    checks: [{name: alive, kind: exec, command: [sh, -c, "exit 2"], role: liveness, every: 100ms, failures: 1}]
  db: {command: [sleep, "1000"]}
`;

const quiet = config.replace('command: [sh, -c, "exit 2"]', 'command: ["true"]');

const phases = async (agent: TestAgent): Promise<string> =>
  Object.values((await agent.state()).services.web?.processes ?? {})
    .map(({ phase }) => phase.name)
    .join(" ");

async function isolated(text = quiet): Promise<TestAgent> {
  const agent = await TestAgent.start(text);
  await agent.ready("web");
  const { code, stdout } = await agent.ostler("isolate", "web", "--reason", "odd traffic");
  assert.deepEqual([code, stdout], [0, "web is isolated\n"]);
  return agent;
}

test("an isolated service is stopped, and nobody can start it", async () => {
  await using agent = await isolated();
  assert.equal(await phases(agent), "stopped stopped");
  for (const verb of ["start", "restart"]) {
    const { code, stderr } = await agent.ostler(verb, "web/api");
    assert.equal(code, 5);
    assert.match(stderr, /web was isolated by cli local at .*: odd traffic\. .* after `ostler release web`\./);
  }
  assert.equal(await phases(agent), "stopped stopped");
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.equal((await agent.ostler("restart", "db")).code, 0);
});

test("everybody who wonders is told who isolated a service, when and why", async () => {
  await using agent = await isolated();
  const told = /isolated by cli local at .*: odd traffic/;
  assert.match((await agent.ostler("status")).stdout, /^web +isolated .*isolated by cli local/m);
  const { stdout } = await agent.ostler("why", "web");
  assert.match(stdout, told);
  assert.match(stdout, /api: It is stopped, and stays so until `ostler release web`/);
  assert.match(JSON.stringify(await agent.get("/ready?service=web", { accept: "application/json" })), told);
  const healthz = (await agent.get("/healthz")) as { status: string; services: Record<string, { isolation?: object }> };
  assert.deepEqual([healthz.status, healthz.services.db?.isolation], ["degraded", undefined]);
  assert.match(JSON.stringify(healthz.services.web?.isolation), /"reason":"odd traffic"/);
  assert.match((await agent.get("/metrics")) as string, /ostler_service_isolated\{service="web"\} 1/);
  assert.match((await agent.ostler("events", "--type", "service.isolated")).stdout, /web was isolated by cli local/);
});

test("an isolation takes a reason, and only one", async () => {
  await using agent = await isolated();
  assert.equal((await agent.ostler("isolate", "db")).code, 2);
  assert.match((await agent.ostler("isolate", "db", "--reason", " ")).stderr, /"service\.isolate" needs a reason/);
  assert.equal((await agent.ostler("isolate", "web", "--reason", "again")).code, 0);
  assert.equal((await agent.state()).services.web?.isolation?.reason, "odd traffic");
  assert.equal((await agent.ostler("isolate", "wbe", "--reason", "x")).code, 1);
});

test("a released service runs again as it did, and what had been stopped stays so", async () => {
  await using agent = await TestAgent.start(quiet);
  await agent.ready("web");
  await agent.ostler("stop", "web/worker");
  await agent.ostler("isolate", "web", "--reason", "odd traffic");
  assert.equal((await agent.ostler("release", "web", "--reason", "a false alarm")).code, 0);
  assert.equal(await phases(agent), "running stopped");
  const [released] = await agent.events("service.released");
  assert.deepEqual([released?.data.reason, released?.data.processes], ["a false alarm", ["api"]]);
  assert.equal((await agent.state()).services.web?.isolation, undefined);
  assert.equal((await agent.ostler("start", "web")).code, 0);
  assert.equal((await agent.ostler("release", "web")).code, 0, "doing it twice is doing it once");
  assert.equal((await agent.events("service.released")).length, 1);
});

test("an isolation outlives the agent, however that ends", async () => {
  await using agent = await isolated();
  await agent.end("SIGKILL");
  await agent.run();
  await agent.ready("db");
  assert.equal(await phases(agent), "stopped stopped");
  assert.equal((await agent.ostler("start", "web")).code, 5);
  await agent.ostler("release", "web");
  await agent.ready("web");
});

test("an isolation outlives a reboot, which leaves nothing in the run directory", async () => {
  const apart = `agent: {data_dir: ./store, run_dir: ./data}\nhttp: {listen: off}\n${quiet}`;
  await using agent = TestAgent.prepare(apart);
  await agent.run();
  await agent.ready("web");
  await agent.ostler("isolate", "web", "--reason", "odd traffic");
  await agent.ostler("stop", "db");
  await agent.end("SIGKILL");
  rmSync(join(agent.directory, "data"), { recursive: true });
  await agent.run();
  await agent.ready("db");
  assert.equal(await phases(agent), "stopped stopped");
});

test("a reload starts nothing of an isolated service, not even a new process", async () => {
  await using agent = await isolated();
  agent.configure(quiet.replace("      worker:", '      more: {command: [sleep, "1000"]}\n      worker:'));
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.equal(await phases(agent), "stopped stopped stopped");
  await agent.ostler("release", "web");
  assert.equal(await phases(agent), "running stopped running", "what is new was never wanted");
});

test("no policy restarts an isolated service", async () => {
  await using agent = await TestAgent.start(config);
  await until(async () => (await agent.events("service.restarted")).length > 0, "the policy restarts it");
  await agent.ostler("isolate", "web", "--reason", "odd traffic");
  const before = (await agent.events("service.restarted")).length;
  await agent.ostler("restart", "db");
  assert.equal(await phases(agent), "stopped stopped");
  assert.equal((await agent.events("service.restarted")).filter(({ subject }) => subject === "web").length, before);
});
