import assert from "node:assert/strict";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = `
services:
  web:
    command: [sh, -c, 'echo level $LEVEL; exec sleep 1000']
    env: {LEVEL: info}
    debug: {env: {LEVEL: debug}, for: 1h}
  plain: {command: [sleep, "1000"]}
`;

async function started(): Promise<TestAgent> {
  const agent = await TestAgent.start(config);
  await agent.ready("web");
  await agent.ready("plain");
  return agent;
}

const levels = async (agent: TestAgent): Promise<string[]> =>
  (await agent.ostler("logs", "web")).stdout.split("\n").flatMap((line) => /level \w+/.exec(line) ?? []);

const on = (agent: TestAgent, ...args: string[]) => agent.ostler("debug", "on", "web", "--reason", "a look", ...args);

test("a service is debugged for a time, and runs as usual again when that is over", async () => {
  await using agent = await started();
  const before = await agent.pidOf("plain");
  assert.equal((await on(agent, "--for", "3s")).code, 0);
  await until(async () => (await levels(agent)).at(-1) === "level debug", "it runs with the environment of its debug");
  assert.match((await agent.ostler("status")).stdout, /debugged by cli local until .*: a look/);
  await until(async () => (await levels(agent)).at(-1) === "level info", "its time is over");
  assert.deepEqual(await levels(agent), ["level info", "level debug", "level info"]);
  assert.equal(await agent.pidOf("plain"), before, "nothing else was restarted");
  const [ended] = await until(async () => {
    const events = await agent.events("debug.ended");
    return events.length > 0 ? events : undefined;
  }, "the end is told");
  assert.deepEqual(ended?.data.actor, { kind: "policy", name: "end-debug" });
});

test("it is ended by hand, and another time for it restarts nothing", async () => {
  await using agent = await started();
  await on(agent);
  await agent.ready("web");
  const pid = await agent.pidOf("web");
  await on(agent, "--for", "2h");
  assert.equal(await agent.pidOf("web"), pid);
  assert.equal((await agent.ostler("debug", "off", "web")).code, 0);
  await until(async () => (await levels(agent)).length === 3, "it was started again");
  assert.equal((await agent.state()).services.web?.debug, undefined);
});

test("an agent that is killed leaves it debugged, and the next one ends it", async () => {
  await using agent = await started();
  await on(agent, "--for", "4s");
  await agent.end("SIGKILL");
  await agent.run();
  await until(async () => (await levels(agent)).at(-1) === "level info", "the next agent has ended it");
  assert.deepEqual(await levels(agent), ["level info", "level debug", "level info"]);
});

test("a reload keeps it, and goes over to its new environment", async () => {
  await using agent = await started();
  await on(agent);
  agent.configure(config.replace("LEVEL: debug", "LEVEL: trace"));
  assert.equal((await agent.ostler("reload")).code, 0);
  await until(async () => (await levels(agent)).at(-1) === "level trace", "it has the new environment");
});

test("what cannot be debugged is refused, with what to do", async () => {
  await using agent = await started();
  const refused = await agent.ostler("debug", "on", "plain", "--reason", "x");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /plain has no `debug`/);
  assert.equal((await agent.ostler("debug", "on", "web")).code, 2, "why it is done has to be said");
});
