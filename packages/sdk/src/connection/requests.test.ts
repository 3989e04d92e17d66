import assert from "node:assert/strict";
import { test } from "node:test";
import { maxFrameBytes, OstlerError } from "@ostler/protocol";
import { tokens } from "../auth.js";
import { Controller } from "../controller.js";
import { RawAgent } from "../fixtures/raw-agent.js";
import { until } from "../until.js";
import { FakeAgent, type FakeAgentOptions } from "../testing.js";

const restart = ["service.restart", { service: "vcon" }] as const;

function listen(): Promise<Controller> {
  return Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
}

function agentOf({ port }: Controller, onCommand?: FakeAgentOptions["onCommand"]): Promise<FakeAgent> {
  return FakeAgent.connect(`ws://127.0.0.1:${port}`, { token: "s", ...(onCommand ? { onCommand } : {}) });
}

function fails(code: string, message = /./): (failure: unknown) => boolean {
  return (failure) => failure instanceof OstlerError && failure.code === code && message.test(failure.message);
}

test("a command resolves with the data of its result", async () => {
  await using controller = await listen();
  const plan = { hash: "h", changes: [] };
  await using agent = await agentOf(controller, ({ name, args, reason }) => {
    assert.deepEqual({ name, args, reason }, { name: "config.plan", args: { file: "/etc/o.yaml" }, reason: "to see" });
    return plan;
  });
  const options = { reason: "to see" };
  assert.deepEqual(await controller.host("a").run("config.plan", { file: "/etc/o.yaml" }, options), plan);
  assert.deepEqual(Object.values(agent.state.commands)[0]?.data, plan);
});

test("a command that fails rejects with the agent's code and words", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller, () => {
    throw new OstlerError("wrong-state", "vcon is being stopped");
  });
  await assert.rejects(controller.host("a").run(...restart), fails("wrong-state", /^vcon is being stopped$/));
  assert.equal(Object.values(agent.state.commands)[0]?.outcome, "failed");
});

test("a command that is refused rejects with the reason of the refusal", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const running = controller.host("a").run(...restart);
  const { id } = await agent.next("cmd");
  agent.send({ t: "cmd_ack", id, status: "rejected", code: "not-permitted", message: "not here" });
  await assert.rejects(running, fails("not-permitted", /^not here$/));
});

test("a code that a newer agent has made up is a failure", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const running = controller.host("a").run(...restart);
  const { id } = await agent.next("cmd");
  agent.send({ t: "cmd_result", id, status: "failed", code: "moon-is-full", message: "not tonight", last_seq: 0 });
  await assert.rejects(running, fails("failed", /^not tonight$/));
});

for (const status of ["expired", "cancelled", "interrupted"] as const)
  test(`a command that is ${status} does not succeed`, async () => {
    await using controller = await listen();
    await using agent = await RawAgent.welcomed(controller);
    const running = controller.host("a").run(...restart);
    const { id } = await agent.next("cmd");
    agent.send({ t: "cmd_result", id, status, last_seq: 0 });
    await assert.rejects(running, fails("failed", new RegExp(status)));
  });

test("each result is acknowledged, also one that nobody waits for any more", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "cmd_result", id: "from-yesterday", status: "succeeded", last_seq: 0 });
  assert.equal((await agent.next("cmd_result_ack")).id, "from-yesterday");
});

test("a command without a result in time is withdrawn", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  await assert.rejects(controller.host("a").run(...restart, { timeout: "20ms" }), fails("timed-out"));
  const { id, timeout_s } = await agent.next("cmd");
  assert.equal(timeout_s, 0.02);
  assert.equal((await agent.next("cmd_cancel")).id, id);
});

test("a command is withdrawn by the signal of its sender", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const stop = new AbortController();
  const running = controller.host("a").run(...restart, { signal: stop.signal });
  const { id } = await agent.next("cmd");
  stop.abort();
  await assert.rejects(running, fails("cancelled"));
  assert.equal((await agent.next("cmd_cancel")).id, id);
});

test("a command that was withdrawn before it was sent is not sent", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const host = controller.host("a");
  await assert.rejects(host.run(...restart, { signal: AbortSignal.abort() }), fails("cancelled"));
  await assert.rejects(host.run("config.reload", {}, { timeout: "20ms" }), fails("timed-out"));
  assert.equal((await agent.next("cmd")).name, "config.reload");
});

test("a command runs once and its result arrives, when the connection breaks while it runs", async () => {
  await using controller = await listen();
  let runs = 0;
  let finish = (): void => undefined;
  await using agent = await agentOf(controller, async () => {
    runs++;
    await new Promise<void>((resolve) => (finish = resolve));
    return { hash: "done", changes: [] };
  });
  const running = controller.host("a").run("config.reload", {});
  await until(() => runs === 1, "the command runs");
  for (let round = 0; round < 3; round++) {
    await agent.disconnect();
    await agent.connect();
  }
  finish();
  assert.deepEqual(await running, { hash: "done", changes: [] });
  assert.equal(runs, 1);
});

test("a command that ended while the connection was broken has its result after the reconnect", async () => {
  await using controller = await listen();
  let finish = (): void => undefined;
  let ended = false;
  await using agent = await agentOf(controller, async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    ended = true;
    return { hash: "done", changes: [] };
  });
  const running = controller.host("a").run("config.reload", {});
  await until(() => agent.state.seq === 2, "the command was accepted");
  await agent.disconnect();
  finish();
  await until(() => ended, "the command has ended");
  await agent.connect();
  assert.deepEqual(await running, { hash: "done", changes: [] });
});

test("a command for a host that is away runs when it comes back", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller, () => ({ hash: "late", changes: [] }));
  await agent.disconnect();
  const running = controller.host("a").run("config.reload", {});
  await agent.connect();
  assert.equal((await running).hash, "late");
});

test("the events that a command brings about come before its result", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller, (_, fake) => {
    fake.publish({ type: "agent.degraded", data: { part: "door", reason: "open" } });
  });
  const host = controller.host("a");
  await host.run(...restart);
  assert.equal(host.state.agent.degraded.door, "open");
  assert.deepEqual(host.state, agent.state);
});

test("who leaves does not withdraw what he has ordered", async () => {
  const controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const host = controller.host("a");
  const running = host.run(...restart);
  await agent.next("cmd");
  const refused = assert.rejects(running, fails("unreachable", /was closed/));
  await controller[Symbol.asyncDispose]();
  await refused;
  assert.deepEqual(agent.pending("cmd_cancel"), []);
  await assert.rejects(host.run(...restart), fails("unreachable"));
});

test("a command that no agent would take is refused here, and does not break the connection", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller);
  const host = controller.host("a");
  await assert.rejects(host.run("service.restart", { service: "x".repeat(maxFrameBytes) }), fails("too-large"));
  await assert.rejects(host.run(...restart, { reason: "x".repeat(5000) }), fails("bad-request", /reason/));
  await assert.rejects(host.run(...restart, { timeout: "2d" }), fails("bad-request", /timeout_s/));
  await assert.rejects(host.run(...restart, { timeout: "soon" }), fails("bad-request", /"soon"/));
  await host.run(...restart);
  assert.equal(agent.state.seq, 3);
});

test("the time after which a command must not start goes with it", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const expires = new Date("2030-01-02T03:04:05Z");
  const running = controller.host("a").run(...restart, { expires });
  const { id, ...command } = await agent.next("cmd");
  assert.equal(command.expires, expires.toISOString());
  agent.send({ t: "cmd_result", id, status: "succeeded", data: {}, last_seq: 0 });
  await running;
});
