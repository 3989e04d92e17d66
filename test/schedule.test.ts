import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import { fixture, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const oneShot = fixture("one-shot.sh");
const everySecond = "* * * * * *";

const job = (cron: string, more = "", command = `[${oneShot}, ran, DIR/work]`): string =>
  `services: {shop: {processes: {job: {command: ${command}, cron: ${cron}${more}}}}}\n`;

const runs = (agent: TestAgent): number => {
  const file = join(agent.directory, "work");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
};

const job_ = async (agent: TestAgent) => (await agent.state()).services.shop?.processes.job;

async function happened(agent: TestAgent, type: string, count = 1): Promise<Envelope[]> {
  return until(async () => {
    const events = await agent.events(type);
    return events.length >= count ? events : undefined;
  }, `${type} happens ${count} times`);
}

test("a process runs at each of its times, and the service is ready all the while", async () => {
  await using agent = await TestAgent.start(job(`"${everySecond}"`));
  await agent.ready("shop");
  await until(() => runs(agent) >= 2, "it has run twice");
  const [first, second] = await happened(agent, "service.triggered", 2);
  assert.equal(Date.parse(String(second?.data.due)) - Date.parse(String(first?.data.due)), 1000);
  assert.equal(await agent.isReady("shop"), true);
  const accepted = await agent.events("command.accepted");
  assert.deepEqual(accepted[0]?.data.actor, { kind: "policy", name: "run-triggered" });
  assert.deepEqual(await agent.events("service.unready"), []);
});

test("between its times it says when it runs next, and somebody may run it at once", async () => {
  await using agent = await TestAgent.start(job(`"0 3 * * *"`));
  await until(async () => (await job_(agent))?.phase.name === "scheduled", "it waits for its time");
  assert.match((await job_(agent))?.schedule?.next ?? "", /T03:00:00.000Z$/);
  assert.match((await agent.ostler("why", "shop")).stdout, /waits for its time/);
  assert.equal(runs(agent), 0);
  assert.equal((await agent.ostler("start", "shop")).code, 0);
  assert.equal((await agent.ostler("restart", "shop")).code, 0);
  assert.equal(runs(agent), 0);
  assert.equal((await agent.ostler("start", "shop/job")).code, 0);
  await until(() => runs(agent) === 1, "it has run");
  await until(async () => (await job_(agent))?.phase.name === "scheduled", "it waits for its time again");
});

test("a process that is stopped is not run until somebody starts it", async () => {
  await using agent = await TestAgent.start(job(`"${everySecond}"`));
  await until(() => runs(agent) >= 1, "it has run");
  assert.equal((await agent.ostler("stop", "shop")).code, 0);
  const before = runs(agent);
  const { seq } = await agent.state();
  await agent.end("SIGKILL");
  await agent.run();
  // A second service that is scheduled as well shows that time has passed.
  agent.configure(
    `${job(`"${everySecond}"`).trimEnd().slice(0, -1)}, other: {processes: {job: {command: [${oneShot}, ran, DIR/other], cron: "${everySecond}"}}}}\n`,
  );
  assert.equal((await agent.ostler("reload")).code, 0);
  await until(() => existsSync(join(agent.directory, "other")), "the other one runs");
  assert.equal(runs(agent), before);
  assert.ok(
    (await agent.events("service.triggered")).every(
      ({ data, sequence }) => data.service === "other" || Number(sequence) <= seq,
    ),
  );
  assert.equal((await agent.ostler("start", "shop")).code, 0);
  await until(() => runs(agent) > before, "it runs again");
});

const waits = `[${oneShot}, ran, DIR/work, DIR/go]`;

test("what is due while it runs is skipped, and that is told", async () => {
  await using agent = await TestAgent.start(job(`"${everySecond}"`, "", waits));
  const [overlapped] = await happened(agent, "service.overlapped", 2);
  assert.deepEqual([overlapped?.data.then, overlapped?.data.run], ["skip", 1]);
  assert.equal(runs(agent), 1);
});

test("what is due while it runs may run after it, once", async () => {
  await using agent = await TestAgent.start(job(`{at: "${everySecond}", overlap: queue}`, "", waits));
  await happened(agent, "service.overlapped", 2);
  assert.equal(runs(agent), 1);
  writeFileSync(join(agent.directory, "go"), "");
  const starts = await happened(agent, "service.started", 2);
  const [ended] = await happened(agent, "service.exited");
  const waited = (await agent.events("service.scheduled")).filter(
    ({ sequence }) => Number(sequence) > Number(ended?.sequence) && Number(sequence) < Number(starts[1]?.sequence),
  );
  assert.deepEqual(waited, [], "the second run waited for no further time");
});

test("what is due while it runs may take its place", async () => {
  await using agent = await TestAgent.start(job(`{at: "${everySecond}", overlap: replace}`, "", waits));
  const [first] = await happened(agent, "service.exited");
  assert.equal(first?.data.expected, true);
  await until(() => runs(agent) >= 2, "another run has begun");
});

test("a run that lasts too long is stopped, and has failed", async () => {
  await using agent = await TestAgent.start(job(`"${everySecond}"`, ", max_runtime: 200ms", waits));
  const [ended] = await happened(agent, "service.exited");
  assert.equal(ended?.data.cause, "overdue");
  await happened(agent, "service.crashed");
  await until(() => runs(agent) >= 2, "it runs at its next time");
});

test("a one-shot process that lasts too long is stopped, and tried again", async () => {
  await using agent = await TestAgent.start(
    `services: {shop: {restart: {backoff: {initial: 20ms, max: 20ms}, crash_loop: {window: 0s}}, processes: {job: {command: ${waits}, type: oneshot, max_runtime: 200ms}}}}\n`,
  );
  await until(() => runs(agent) >= 2, "it is tried again");
  writeFileSync(join(agent.directory, "go"), "");
  await agent.ready("shop");
});

test("times that pass while no agent is there are told, and made up for by one run where that is wanted", async () => {
  await using agent = await TestAgent.start(job(`{at: "${everySecond}", missed: run}`));
  await until(() => runs(agent) >= 1, "it has run");
  await agent.end("SIGKILL");
  const before = runs(agent);
  // Away for longer than a time may be late.
  const backMs = Date.now() + 7000;
  await until(() => Date.now() > backMs, "its times have passed");
  await agent.run();
  const [missed] = await happened(agent, "service.run-missed");
  assert.deepEqual([missed?.data.because, missed?.data.then], ["no agent was there", "run"]);
  const late = await until(
    async () => (await agent.events("service.triggered")).find(({ data }) => data.late === true),
    "it makes up for them",
  );
  assert.equal(late.data.due, missed?.data.to);
  await until(() => runs(agent) > before, "it has run");
});

test("a schedule that changes with a reload holds at once, and runs nothing by itself", async () => {
  await using agent = await TestAgent.start(job(`"0 3 * * *"`));
  await until(async () => (await job_(agent))?.phase.name === "scheduled", "it waits for its time");
  agent.configure(job(`"0 4 * * *"`, ", env: {A: b}"));
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.match((await job_(agent))?.schedule?.next ?? "", /T04:00:00.000Z$/);
  assert.equal(runs(agent), 0);
  agent.configure(job(`"${everySecond}"`));
  assert.equal((await agent.ostler("reload")).code, 0);
  await until(() => runs(agent) >= 1, "it runs");
});

test("a daemon that becomes a scheduled process is stopped, and waits for its time", async () => {
  await using agent = await TestAgent.start(`services: {shop: {processes: {job: {command: [sleep, "1000"]}}}}`);
  await agent.ready("shop");
  agent.configure(job(`"0 3 * * *"`));
  assert.equal((await agent.ostler("reload")).code, 0);
  await until(async () => (await job_(agent))?.phase.name === "scheduled", "it waits for its time");
  assert.deepEqual(agent.servicePids(), []);
  assert.equal(runs(agent), 0);
  agent.configure(`services: {shop: {processes: {job: {command: [sleep, "1000"]}}}}`);
  assert.equal((await agent.ostler("reload")).code, 0);
  await agent.ready("shop");
});

test("in maintenance nothing is run, and that is told", async () => {
  await using agent = await TestAgent.start(job(`"${everySecond}"`));
  assert.equal((await agent.ostler("maintenance", "on", "shop", "--for", "30m", "--reason", "disk")).code, 0);
  const [began] = await happened(agent, "maintenance.began");
  const [missed] = await happened(agent, "service.run-missed", 2);
  assert.match(String(missed?.data.because), /in maintenance by cli local/);
  const triggered = await agent.events("service.triggered");
  assert.ok(triggered.every(({ sequence }) => Number(sequence) < Number(began?.sequence)));
});
