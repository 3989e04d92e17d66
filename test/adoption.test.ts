import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Controller, tokens, type Envelope } from "@ostler/sdk";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

test("kill -9 of the agent leaves the service untouched, and the next agent adopts it within a second", async () => {
  await using agent = await TestAgent.start(oneService);
  const pid = await agent.pidOf("web");
  await agent.end("SIGKILL");
  assert.ok(readFileSync(`/proc/${pid}/stat`, "utf8").length > 0);
  const killedMs = performance.now();
  await agent.run();
  assert.equal(await agent.pidOf("web"), pid);
  const adopted = await until(async () => (await agent.events("service.adopted")).at(-1), "the adoption is stored");
  assert.equal(adopted.data.pid, pid);
  assert.ok(performance.now() - killedMs < 5000); // Generous for a busy machine; bench/start.ts has the figure.
});

test("a crash of an adopted service is noticed with its exit status", async () => {
  await using agent = await TestAgent.start(oneService);
  const pid = await agent.pidOf("web");
  await agent.end("SIGKILL");
  await agent.run();
  await until(async () => (await agent.events("service.adopted")).length > 0, "it is adopted");
  kill(pid, "SIGSEGV");
  const exited = await until(async () => (await agent.events("service.exited")).at(-1));
  assert.equal((exited.data.exit as { signal: string }).signal, "SIGSEGV");
  assert.notEqual(await agent.pidOf("web"), pid);
});

test("a controller sees every event exactly once, over any number of agents and crashes", async () => {
  await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
  await using agent = await TestAgent.start(
    `${oneService}\ncontrollers: [{url: "ws://127.0.0.1:${controller.port}", token: s}]\n`,
  );
  const seen: Envelope[] = [];
  void (async () => {
    for await (const { event } of controller.events({ from: "stored" })) seen.push(event);
  })();
  for (let round = 0; round < 4; round++) {
    kill(await agent.pidOf("web"));
    await until(async () => (await agent.events("service.exited")).length > round);
    await agent.end("SIGKILL");
    await agent.run();
    await agent.ready("web");
  }
  const stored = await until(async () => {
    const events = await agent.events();
    return seen.at(-1)?.id === events.at(-1)?.id ? events : undefined;
  }, "the controller has the last event");
  assert.deepEqual(
    seen.map(({ id }) => id),
    stored.map(({ id }) => id),
  );
});

test("a second agent for the same host is refused, and says who is there", async () => {
  await using agent = await TestAgent.start(oneService);
  const first = agent.pid;
  const second = agent.spawn();
  const code = await new Promise((resolve) => second.on("exit", resolve));
  assert.equal(code, 1);
  assert.match(agent.output, new RegExp(`Another agent \\(pid ${first}\\) uses`));
  kill(first);
});

const oneService = `
services:
  web:
    command: [node, ${fixture("http.mjs")}]
    restart: {backoff: {initial: 10ms}}
`;
