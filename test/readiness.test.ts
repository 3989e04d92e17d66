import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Envelope } from "@ostler/protocol";
import { fixture, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const notifier = (how: string, more = "notify_fd: 3"): string =>
  `services: {web: {command: [sh, ${fixture("notifier.sh")}, ${how}, DIR/file], ${more}}}`;
const unheard = "process main has not notified that it is ready";

const now = (agent: TestAgent): void => writeFileSync(join(agent.directory, "file"), "");
const told = async (agent: TestAgent, type: string, count = 1): Promise<Envelope[]> =>
  until(async () => {
    const events = await agent.events(type);
    return events.length >= count ? events : undefined;
  }, `${type} is told`);

/** Why it is not ready, as /ready says it to who asks for JSON. */
async function reasons(agent: TestAgent): Promise<string[]> {
  const answer = (await agent.get("/ready?service=web", { accept: "application/json" })) as {
    services: { web: { reasons: string[] } };
  };
  return answer.services.web.reasons;
}

test("a service is not ready before its process has notified, whoever asks is told so, and then it is", async () => {
  await using agent = await TestAgent.start(notifier("slow"));
  await agent.pidOf("web");
  assert.deepEqual(await reasons(agent), [unheard]);
  assert.match((await agent.ostler("why", "web")).stdout, new RegExp(`^It is not ready: ${unheard}\\.`));
  assert.match((await agent.ostler("status", "web")).stdout, /main:notified +pending/);
  assert.deepEqual(await agent.events("service.ready"), []);
  now(agent);
  await agent.ready("web");
  assert.equal(await agent.get("/ready?service=web"), "READY\n");
  const [notified, ...others] = await told(agent, "service.notified");
  assert.deepEqual([notified?.data.process, notified?.data.run, others], ["main", 1, []]);
});

test("each run has to notify for itself", async () => {
  await using agent = await TestAgent.start(notifier("slow"));
  now(agent);
  await agent.ready("web");
  assert.equal((await agent.ostler("restart", "web")).code, 0);
  await agent.ready("web");
  const runs = (await told(agent, "service.notified", 2)).map(({ data }) => data.run);
  assert.deepEqual(runs, [1, 2]);
});

test("who closes the descriptor without a whole line has not notified", async () => {
  await using agent = await TestAgent.start(notifier("mute", "notify_fd: 3, notify_within: 1s"));
  await until(() => readdirSync(agent.directory).includes("file"), "it has closed the descriptor");
  const [failed] = await told(agent, "check.failed");
  assert.equal(failed?.severity, "warn");
  assert.deepEqual(
    [failed?.data.check, failed?.data.reason],
    ["main:notified", "it has not notified that it is ready within 1000 ms"],
  );
  assert.deepEqual(await reasons(agent), [
    "check main:notified failed: it has not notified that it is ready within 1000 ms",
  ]);
  assert.deepEqual(await agent.events("service.notified"), []);
});

test("who is late is told to be, runs on, and is ready when it has notified all the same", async () => {
  await using agent = await TestAgent.start(notifier("slow", "notify_fd: 3, notify_within: 100ms"));
  const pid = await agent.pidOf("web");
  await told(agent, "check.failed");
  now(agent);
  await agent.ready("web");
  assert.equal(await agent.pidOf("web"), pid);
});

test("who notifies and ends at once was ready for that long, and is not any more", async () => {
  await using agent = await TestAgent.start(notifier("dying", "notify_fd: 3, restart: {policy: never}"));
  await told(agent, "service.gave-up");
  const story = (await agent.events("service.*")).map(({ type }) => type.replace("ostler.service.", ""));
  assert.deepEqual(
    story.filter((type) => type !== "crashed"),
    ["configured", "started", "notified", "ready", "exited", "unready", "gave-up"],
  );
  assert.equal(await agent.get("/ready?service=web"), "NOT READY\n");
});

test("a grandchild may notify for its service", async () => {
  await using agent = await TestAgent.start(notifier("grandchild"));
  await agent.pidOf("web");
  assert.deepEqual(await reasons(agent), [unheard]);
  now(agent);
  await agent.ready("web");
});

test("a notification that came while no agent was there is heard by the next, and by none after it again", async () => {
  await using agent = await TestAgent.start(notifier("slow"));
  const pid = await agent.pidOf("web");
  await agent.end("SIGKILL");
  now(agent);
  await until(() => notifyFile(agent).text().includes("ready\n"), "it has notified");
  for (let round = 0; round < 2; round++) {
    await agent.run();
    await agent.ready("web");
    await told(agent, "service.notified");
    await agent.end("SIGKILL");
  }
  await agent.run();
  await agent.ready("web");
  assert.deepEqual([await agent.pidOf("web"), (await agent.events("service.notified")).length], [pid, 1]);
});

test("who is waited for while the agent restarts can notify the next one", async () => {
  await using agent = await TestAgent.start(notifier("slow"));
  await agent.pidOf("web");
  await agent.end("SIGKILL");
  await agent.run();
  await told(agent, "service.adopted");
  assert.deepEqual(await reasons(agent), [unheard]);
  now(agent);
  await agent.ready("web");
});

test("who never stops notifying fills no disk", async () => {
  await using agent = await TestAgent.start(notifier("endless"));
  await agent.ready("web");
  let peak = 0;
  await until(() => {
    const { size } = statSync(notifyFile(agent).path);
    peak = Math.max(peak, size);
    return size < peak;
  }, "its file is emptied");
  assert.equal((await agent.events("service.notified")).length, 1);
});

test("a process that is to notify from now on is restarted by the reload that says so", async () => {
  await using agent = await TestAgent.start(notifier("slow", "env: {}"));
  await agent.ready("web");
  const pid = await agent.pidOf("web");
  agent.configure(notifier("slow"));
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.notEqual(await agent.pidOf("web"), pid);
  assert.deepEqual(await reasons(agent), [unheard]);
  now(agent);
  await agent.ready("web");
  agent.configure(notifier("slow", "env: {}"));
  assert.equal((await agent.ostler("reload")).code, 0);
  await agent.ready("web");
  assert.deepEqual((await agent.state()).services.web?.checks, {});
});

test("the example of the manual works", async () => {
  const manual = readFileSync(fileURLToPath(new URL("../../docs/operating.md", import.meta.url)), "utf8");
  const [, example = ""] = /```yaml\n([^`]*notify_fd:[^`]*)```/.exec(manual) ?? [];
  await using agent = await TestAgent.start(example);
  const [service = ""] = Object.keys((await agent.state()).services);
  await agent.ready(service);
  assert.equal((await told(agent, "service.notified")).length, 1);
});

function notifyFile(agent: TestAgent): { path: string; text: () => string } {
  const runs = join(agent.place.data, "runs");
  const [boot = ""] = readdirSync(runs);
  const path = join(runs, boot, "notify", "web.main.1");
  return { path, text: () => readFileSync(path, "utf8") };
}
