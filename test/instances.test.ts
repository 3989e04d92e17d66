import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = (instances: number): string => `
services:
  shop:
    restart: {backoff: {initial: 20ms}}
    processes: {worker: {command: [sleep, "1000"], instances: ${instances}}}
`;

async function names(agent: TestAgent): Promise<string[]> {
  return Object.keys((await agent.state()).services.shop?.processes ?? {});
}

async function pids(agent: TestAgent): Promise<Record<string, number>> {
  const entries = (await names(agent)).map(async (name) => [name, await agent.pidOf("shop", name)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

test("so many instances run, each under its own name and with its number", async () => {
  await using agent = await TestAgent.start(config(2));
  await agent.ready("shop");
  const running = await pids(agent);
  assert.deepEqual(Object.keys(running), ["worker@1", "worker@2"]);
  for (const number of ["1", "2"])
    assert.match(
      readFileSync(`/proc/${running[`worker@${number}`]}/environ`, "latin1"),
      new RegExp(`\\0OSTLER_INSTANCE=${number}\\0`),
    );
  const first = running["worker@1"] ?? 0;
  kill(first);
  await until(async () => (await agent.pidOf("shop", "worker@1")) !== first, "the killed one comes back");
  assert.equal(await agent.pidOf("shop", "worker@2"), running["worker@2"]);
});

test("a scale starts and stops instances, and touches none of the others", async () => {
  await using agent = await TestAgent.start(config(2));
  await agent.ready("shop");
  const before = await pids(agent);
  assert.deepEqual(await agent.ostler("scale", "shop/worker", "4"), {
    code: 0,
    stdout: "shop/worker has 4 instances\n",
    stderr: "",
  });
  const four = await pids(agent);
  assert.equal(Object.keys(four).length, 4);
  assert.deepEqual({ ...four, ...before }, four);
  assert.equal((await agent.ostler("scale", "shop/worker", "1")).code, 0);
  assert.deepEqual(await pids(agent), { "worker@1": before["worker@1"] });
  assert.equal(agent.servicePids().length, 1);
  assert.equal((await agent.ostler("scale", "shop/worker", "0")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
  assert.equal((await agent.ostler("scale", "shop/worker", "1")).code, 0);
  await until(() => agent.servicePids().length === 1, "one runs");
});

test("a scale outlives the agent and a reload, until the configuration wants another number", async () => {
  await using agent = await TestAgent.start(config(2));
  await agent.ostler("scale", "shop/worker", "3");
  const before = await pids(agent);
  await agent.end("SIGKILL");
  await agent.run();
  await agent.ready("shop");
  assert.deepEqual(await pids(agent), before);
  agent.configure(`${config(2)}    tasks: {hello: {command: [echo, hi]}}\n`);
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.deepEqual(await pids(agent), before);
  agent.configure(config(1));
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.deepEqual(await pids(agent), { "worker@1": before["worker@1"] });
});

test("what is done to a process is done to all of its instances", async () => {
  await using agent = await TestAgent.start(config(2));
  await agent.ready("shop");
  const before = await pids(agent);
  assert.equal((await agent.ostler("restart", "shop/worker")).code, 0);
  const after = await pids(agent);
  assert.notEqual(after["worker@1"], before["worker@1"]);
  assert.notEqual(after["worker@2"], before["worker@2"]);
  assert.equal((await agent.ostler("stop", "shop/worker@2")).code, 0);
  assert.equal(agent.servicePids().length, 1);
  assert.equal((await agent.ostler("stop", "shop/worker")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
});

test("a further instance of what somebody has stopped is stopped too", async () => {
  await using agent = await TestAgent.start(config(1));
  await agent.ready("shop");
  await agent.ostler("stop", "shop");
  assert.equal((await agent.ostler("scale", "shop/worker", "2")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
  await agent.end("SIGKILL");
  await agent.run();
  assert.deepEqual(agent.servicePids(), []);
  assert.equal((await agent.ostler("start", "shop")).code, 0);
  assert.equal(Object.keys(await pids(agent)).length, 2);
});

test("what cannot be scaled says why", async () => {
  await using agent = await TestAgent.start(`services: {web: {command: [sleep, "1000"]}}`);
  const told = async (...args: string[]): Promise<string> => (await agent.ostler("scale", ...args)).stderr;
  assert.match(await told("web/main", "2"), /no process of web "main"|There is no process of web called|main/);
  assert.match(await told("web", "2"), /names no process: write SERVICE\/PROCESS/);
  assert.match(await told("web/main", "many"), /"many" is not a number of instances/);
  agent.configure(`services: {web: {processes: {api: {command: [sleep, "1000"]}}}}`);
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.match(await told("web/api", "2"), /web\/api is a single process. Give it `instances`/);
});
