import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Envelope } from "@ostler/protocol";
import { fixture, TestAgent } from "./helpers/agent.js";
import { freePort } from "./helpers/free-port.js";
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

const talker = (how: string, more: string): string =>
  `services: {web: {command: [sh, ${fixture("talker.sh")}, ${how}], ${more}}}`;

test("who says that he listens and does not is not ready, and the marker does not make him so", async () => {
  const port = await freePort();
  const marker = "marker: {match: 'Listening on port \\d+', within: 30s}";
  await using agent = await TestAgent.start(talker(`liar, "${port}"`, `listens: ["tcp:${port}"], ${marker}`));
  const [seen] = await told(agent, "service.marker-seen");
  assert.deepEqual([seen?.severity, seen?.data.process, seen?.data.run], ["info", "main", 1]);
  assert.match(
    (await agent.ostler("why", "web")).stdout,
    /Run 1 wrote what its marker "Listening on port \\d\+" looks for/,
  );
  const [reason, ...others] = await reasons(agent);
  assert.match(reason ?? "", /^check main:listens (has not passed yet|failed: nothing listens on)/);
  assert.deepEqual([others, await agent.events("service.ready")], [[], []]);
});

test("a marker that is missed is told, shown and counted; the service is ready all the same, and runs on", async () => {
  await using agent = await TestAgent.start(talker("slow, DIR/file", "marker: {match: Listening, within: 200ms}"));
  const pid = await agent.pidOf("web");
  const [missed] = await told(agent, "service.marker-missed");
  const { match, withinMs, because, lastLine } = missed?.data ?? {};
  assert.deepEqual([missed?.severity, match, withinMs, because], ["warn", "Listening", 200, "not-written"]);
  assert.ok(lastLine === undefined || lastLine === "waiting for the database"); // Whether it had come so far by then.
  assert.equal(await agent.get("/ready?service=web"), "READY\n");
  assert.match(
    (await agent.ostler("why", "web")).stdout,
    /^It is ready[^]*had not written what its marker "Listening"/,
  );
  assert.match((await agent.get("/metrics")) as string, /ostler_events_total\{type="ostler.service.marker-missed"\} 1/);
  assert.equal(await agent.pidOf("web"), pid);
});

test("a marker that was written while no agent was there is seen by the next", async () => {
  await using agent = await TestAgent.start(talker("slow, DIR/file", "marker: {match: Listening, within: 10m}"));
  await agent.pidOf("web");
  await agent.end("SIGKILL");
  now(agent);
  const spool = join(agent.place.data, "output", "web.main.stdout");
  await until(() => readFileSync(spool, "utf8").includes("Listening"), "it is written");
  await agent.run();
  const [seen] = await told(agent, "service.marker-seen");
  assert.equal(seen?.data.run, 1);
});

test("what an earlier run wrote is no marker of this one, for the next agent neither", async () => {
  const config = (within: string): string => talker("once, DIR/file", `marker: {match: Listening, within: ${within}}`);
  await using agent = await TestAgent.start(config("10m"));
  await told(agent, "service.marker-seen");
  assert.equal((await agent.ostler("restart", "web")).code, 0);
  await agent.end("SIGKILL");
  agent.configure(config("1s"));
  await agent.run();
  const [missed] = await told(agent, "service.marker-missed");
  assert.equal(missed?.data.run, 2);
  assert.equal((await agent.events("service.marker-seen")).length, 1);
});

function notifyFile(agent: TestAgent): { path: string; text: () => string } {
  const runs = join(agent.place.data, "runs");
  const [boot = ""] = readdirSync(runs);
  const path = join(runs, boot, "notify", "web.main.1");
  return { path, text: () => readFileSync(path, "utf8") };
}
