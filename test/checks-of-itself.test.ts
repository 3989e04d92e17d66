import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

type Check = { status: string; reason?: string };

/** How a check of the service stands. */
async function standing(agent: TestAgent, check: string): Promise<Check | undefined> {
  const { web } = JSON.parse((await agent.ostler("status", "--json")).stdout) as Record<
    string,
    { checks: Record<string, Check> }
  >;
  return web?.checks[check];
}

const becomes = (agent: TestAgent, check: string, status: string): Promise<Check> =>
  until(async () => {
    const its = await standing(agent, check);
    return its?.status === status ? its : undefined;
  }, `${check} is ${status}`);

test("a service says by itself how it is, and who waits for it hears of it", async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "600"]
    checks: [{name: beat, kind: push, within: 60s, every: 100ms, failures: 1}]
`);
  const url = await agent.url();
  const push = (body?: object): Promise<Response> =>
    fetch(`${url}/v1/checks/web/beat`, { method: "POST", ...(body ? { body: JSON.stringify(body) } : {}) });
  const early = await agent.ostler("check", "run", "beat");
  assert.match(early.stdout, /^web\/beat pending after \d+ ms: it has said nothing yet/);
  await becomes(agent, "beat", "pending");
  assert.equal((await push()).status, 202);
  await becomes(agent, "beat", "passed");
  await push({ status: "warned", reason: "the queue is long" });
  assert.equal((await becomes(agent, "beat", "warned")).reason, "the queue is long");
  const health = await agent.ostler("health");
  assert.equal(health.code, 0);
  assert.match(health.stdout, /degraded +service web +check beat warns: the queue is long/);
  await push({ status: "failed", reason: "no database" });
  assert.equal((await becomes(agent, "beat", "failed")).reason, "no database");
  assert.equal((await agent.ostler("health")).code, 7);
});

test("a check is asked once, now, by hand; its exit code says what it found", async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "600"]
    checks:
      - {name: good, kind: exec, command: ["true"]}
      - {name: doubtful, kind: exec, command: [sh, -c, "echo disk is old; exit 1"], role: info}
      - {name: bad, kind: exec, command: [sh, -c, "echo no answer; exit 2"], role: info}
`);
  assert.deepEqual((await agent.ostler("check", "run", "good")).code, 0);
  const doubtful = await agent.ostler("check", "run", "web/doubtful");
  assert.equal(doubtful.code, 0);
  assert.match(doubtful.stdout, /^web\/doubtful warned after \d+ ms: .*disk is old/);
  const bad = await agent.ostler("check", "run", "bad", "--json");
  assert.equal(bad.code, 7);
  const { status, reason } = JSON.parse(bad.stdout) as Check;
  assert.deepEqual([status, (reason ?? "").includes("no answer")], ["failed", true]);
  assert.match((await agent.ostler("check", "run", "nope")).stderr, /check "nope"/);
});

test("a slow starter is not killed by its liveness check while its startup check waits for it", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const flag = `${agent.directory}/up`;
  agent.configure(`
services:
  web:
    command: [sh, -c, "exec sleep 600"]
    restart: {backoff: {initial: 10ms}}
    checks:
      - {name: started, kind: file, path: ${flag}, role: startup, every: 100ms, failures: 600}
      - {name: alive, kind: file, path: ${flag}, role: liveness, every: 100ms, failures: 1}
`);
  await agent.run();
  await until(async () => (await standing(agent, "started"))?.status === "pending", "it starts");
  assert.equal((await agent.ostler("status", "--check")).code, 7);
  writeFileSync(flag, "");
  await agent.ready("web");
  await becomes(agent, "alive", "passed");
  assert.deepEqual(await agent.events("service.restarted"), []);
});

test("the numbers of a service stand on the page of health, and N/A where nobody knows them", async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "600"]
    metrics:
      scrape:
        - {name: good, exec: {command: [echo, "7"], format: number, values: {queue_depth: {}}}, every: 1s, timeout: 1s}
        - {name: bad, exec: {command: ["false"], format: number, values: {dlq_depth: {}}}, every: 1s, timeout: 1s}
    checks: [{name: queue, kind: metric, metric: queue_depth, equals: 7, every: 100ms}]
`);
  await agent.ready("web");
  const page = await until(async () => {
    const { stdout } = await agent.ostler("health");
    return /queue_depth +7/.test(stdout) && stdout.includes("exit") ? stdout : undefined;
  }, "the numbers are there");
  assert.match(page, /web\/dlq_depth +N\/A +unreachable: .*exit/);
  assert.match((await agent.ostler("status", "web")).stdout, /web\/queue_depth +7/);
});
