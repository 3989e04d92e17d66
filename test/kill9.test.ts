import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Controller, fileStore, tokens, type Envelope } from "@ostler/sdk";
import { fixture, pidsMarked, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const rounds = Number(process.env.OSTLER_KILLS ?? 200);

test(`${rounds} times kill -9 of the agent: nothing acknowledged is lost, no seq is used twice, no service runs twice`, async () => {
  await using agent = TestAgent.prepare("services: {}");
  await using controller = await Controller.listen({
    port: 0,
    auth: tokens({ a: "s" }),
    store: fileStore(`${agent.directory}/events`),
  });
  agent.configure(`
services:
  web: {command: [node, ${fixture("http.mjs")}]}
  crashy: {command: [sh, -c, "sleep 0.02; exit 3"], restart: {backoff: {initial: 20ms, max: 20ms}}}
controllers: [{url: "ws://127.0.0.1:${controller.port}", token: s}]
`);
  const seen = new Map<string, string>();
  const order: number[] = [];
  void (async () => {
    for await (const { event } of controller.events({ from: "stored" })) {
      assert.equal(seen.has(event.id), false, `${event.id} came twice`);
      seen.set(event.id, JSON.stringify(event));
      order.push(Number(event.sequence));
    }
  })();

  await agent.run();
  const web = await agent.pidOf("web");
  for (let round = 0; round < rounds; round++) {
    await agent.end("SIGKILL");
    assertOneCopyEach(agent);
    // Every third agent is killed somewhere in its start, the others in the middle of their work.
    if (round % 3 === 0) agent.spawn();
    else await agent.run();
    await elapse(Math.random() * 200, () => assertOneCopyEach(agent));
  }
  await agent.end("SIGKILL");
  await agent.run();
  assert.equal(await agent.pidOf("web"), web, "the service was never touched");

  const stored = await until(
    async () => {
      const events = await agent.events();
      return seen.has(events.at(-1)?.id ?? "") ? events : undefined;
    },
    "the controller has caught up",
    30_000,
  );
  assert.deepEqual(new Set(stored.map(epochOf)).size, 1);
  assert.deepEqual(
    stored.map(({ sequence }) => Number(sequence)),
    stored.map((_, at) => at + 1),
  );
  assert.deepEqual(
    order,
    order.map((_, at) => at + 1),
  );
  for (const event of stored.slice(0, seen.size)) assert.equal(JSON.stringify(event), seen.get(event.id));
  assert.ok(stored.filter(({ type }) => type === "ostler.agent.started").length > rounds / 2, "most agents had begun");
  assert.ok(stored.length > 10 * rounds, `events were appended all the time: ${stored.length}`);
});

function epochOf({ id }: Envelope): string {
  return id.slice(0, id.lastIndexOf("-"));
}

/** Of every process of every service at most one run lives. */
function assertOneCopyEach(agent: TestAgent): void {
  const runs = new Map<string, Set<string>>();
  for (const pid of agent.servicePids()) {
    const [, slot = "", run = ""] = /OSTLER_RUN=[^/]+\/([^/]+\/[^/]+)\/(\d+)/.exec(environOf(pid)) ?? [];
    if (slot !== "") runs.set(slot, (runs.get(slot) ?? new Set()).add(run));
  }
  for (const [slot, alive] of runs)
    assert.ok(alive.size <= 1, `${slot} runs ${alive.size} times: ${[...alive].join(", ")}`);
}

function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return ""; // It has just ended.
  }
}

/** Looks again and again for a while. The moment of the kill is what is random here; nothing is waited for. */
async function elapse(ms: number, look: () => void): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    look();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("the marks of the services are found, else the test above would prove nothing", async () => {
  await using agent = await TestAgent.start(`services: {web: {command: [sleep, "600"]}}`);
  const pid = await agent.pidOf("web");
  assert.deepEqual(agent.servicePids(), [pid]);
  assert.deepEqual(pidsMarked("OSTLER_RUN=nobody/"), []);
});
