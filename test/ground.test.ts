import assert from "node:assert/strict";
import { test } from "node:test";
import { Controller, tokens } from "@ostler/sdk";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

test("a killed service comes back, and a controller sees exited, restarted, ready in order", async () => {
  await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
  await using agent = await TestAgent.start(`
services:
  web: {command: [node, ${fixture("http.mjs")}, "DIR/port"], restart: {backoff: {initial: 10ms}}}
controllers: [{url: "ws://127.0.0.1:${controller.port}", token: s, commands: ["service.*"]}]
`);
  await agent.ready("web");
  const seen: string[] = [];
  void (async () => {
    for await (const { event } of controller.events({ types: ["ostler.service.*"], from: "stored" }))
      seen.push(event.type.slice(7));
  })();
  const pid = await agent.pidOf("web");
  kill(pid);
  await until(() => seen.at(-1) === "service.ready" && seen.includes("service.exited"), "it is ready again");
  assert.deepEqual(
    seen.filter((type) => !["service.delayed", "service.crashed"].includes(type)),
    [
      "service.configured",
      "service.started",
      "service.ready",
      "service.exited",
      "service.unready",
      "service.restarted",
      "service.ready",
    ],
  );
  assert.equal(controller.host("a").state.services.web?.ready, true);
  await controller.host("a").run("service.restart", { service: "web" });
  assert.notEqual(await agent.pidOf("web"), pid);
});
