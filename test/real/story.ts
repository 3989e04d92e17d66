import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Controller, tokens, type Envelope } from "@ostler/sdk";
import { kill, TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";

/** What a real service has to go through, and how to look at it from outside. */
export type RealService = {
  /** The services section; DIR stands for the directory of the test. */
  services: string;
  name: string;
  /** Asks the service itself; throws or says no while it does not answer. */
  answers: () => Promise<boolean>;
};

/** Ready when it answers, back after kill -9, untouched by kill -9 of the agent, and every event seen exactly once. */
export async function liveThrough(agent: TestAgent, { services, name, answers }: RealService): Promise<void> {
  await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
  agent.configure(`${services}\ncontrollers: [{url: "ws://127.0.0.1:${controller.port}", token: s}]\n`);
  const seen: Envelope[] = [];
  void (async () => {
    for await (const { event } of controller.events({ from: "stored" })) seen.push(event);
  })();
  const story = (after: number): string[] =>
    seen.slice(after).flatMap(({ type }) => (type.startsWith("ostler.service.") ? [type.slice(15)] : []));

  await agent.run();
  assert.equal((await agent.get("/ready")) === "READY\n" && !(await answers()), false, "ready only when it answers");
  await agent.ready(name);
  assert.ok(await answers());

  await until(() => story(0).at(-1) === "ready");
  const before = seen.length;
  const first = await agent.pidOf(name);
  kill(first);
  await until(() => story(before).includes("exited") && story(before).at(-1) === "ready", "it comes back", 30_000);
  assert.deepEqual(
    story(before).filter((type) => ["exited", "restarted", "ready"].includes(type)),
    ["exited", "restarted", "ready"],
  );
  assert.ok(await answers());

  const second = await agent.pidOf(name);
  assert.notEqual(second, first);
  const started = startTicksOf(second);
  await agent.end("SIGKILL");
  assert.ok(await answers(), "it answers while no agent is there");
  const restartedMs = performance.now();
  await agent.run();
  assert.equal(await agent.pidOf(name), second);
  assert.ok(performance.now() - restartedMs < 3000, "adopted soon after the agent's start");
  assert.equal(startTicksOf(second), started);
  await until(async () => (await agent.events("service.adopted")).length === 1, "the adoption is stored, once");

  kill(second);
  const exited = await until(async () => (await agent.events("service.exited"))[1]);
  assert.deepEqual(exited.data.exit, { kind: "signal", signal: "SIGKILL", core: false });
  await agent.ready(name);

  const stored = await until(async () => {
    const events = await agent.events();
    return seen.at(-1)?.id === events.at(-1)?.id ? events : undefined;
  });
  assert.deepEqual(
    seen.map(({ id }) => id),
    stored.map(({ id }) => id),
  );
  assert.equal((await agent.ostler("stop", name)).code, 0);
  await assert.rejects(answers());
}

function startTicksOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
