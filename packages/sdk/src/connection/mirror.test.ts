import assert from "node:assert/strict";
import { test } from "node:test";
import { diff, hashOf, type HostEvent, type HostState } from "@ostler/protocol";
import { tokens } from "../auth.js";
import { Controller } from "../controller.js";
import { counted, countedFrom, epoch, stateAt } from "../fixtures/counted.js";
import { RawAgent } from "../fixtures/raw-agent.js";
import { tick } from "../fixtures/ticks.js";
import { until } from "../until.js";
import type { Host } from "../host.js";
import { FakeAgent } from "../testing.js";

function listen(heartbeatMs = 30_000): Promise<Controller> {
  return Controller.listen({ port: 0, auth: tokens({ a: "s" }), heartbeatMs });
}

function agentOf({ port }: Controller): Promise<FakeAgent> {
  return FakeAgent.connect(`ws://127.0.0.1:${port}`, { token: "s" });
}

const run = { service: "vcon", process: "api", pid: 7, run: 1 };
const life: HostEvent[] = [
  {
    type: "service.configured",
    data: { service: "vcon", processes: ["api"], checks: [{ name: "http", role: "readiness" }] },
  },
  { type: "service.started", data: { ...run, startTicks: 1 } },
  { type: "check.passed", data: { service: "vcon", check: "http", role: "readiness", tookMs: 3 } },
  { type: "service.ready", data: { service: "vcon" } },
  { type: "agent.degraded", data: { part: "journal", reason: "disk full" } },
  {
    type: "service.exited",
    data: { ...run, exit: { kind: "code", code: 1 }, cause: "code", uptimeMs: 5, expected: false, whileAway: false },
  },
  { type: "service.unready", data: { service: "vcon", reasons: ["process api is exited"] } },
  { type: "service.delayed", data: { service: "vcon", process: "api", attempt: 1, delayMs: 10, because: "exited" } },
  { type: "service.restarted", data: { ...run, run: 2, startTicks: 2, attempt: 1, because: "exited" } },
  { type: "agent.recovered", data: { part: "journal" } },
  { type: "service.removed", data: { service: "vcon" } },
];

test("after each event the state is the agent's", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller);
  for (const event of life) {
    await agent.acknowledged(agent.publish(event));
    assert.deepEqual(controller.host("a").state, agent.state);
  }
});

test("after a reconnect the state is the agent's, whatever happened meanwhile", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller);
  for (const event of life) {
    await agent.disconnect();
    const seq = agent.publish(event);
    await agent.connect();
    await agent.acknowledged(seq);
    assert.deepEqual(controller.host("a").state, agent.state);
  }
});

test("while the agent is away, the last known state stays", async () => {
  await using controller = await listen();
  await using agent = await agentOf(controller);
  for (const event of life.slice(0, 4)) await agent.acknowledged(agent.publish(event));
  await agent.disconnect();
  const host = controller.host("a");
  await host.waitFor(({ connected }) => !connected);
  assert.equal(host.state.services.vcon?.ready, true);
});

type Introduced = { agent: RawAgent; host: Host } & AsyncDisposable;

/** An agent that was welcomed and has sent its state. */
async function introduced(controller: Controller, state: HostState): Promise<Introduced> {
  const agent = await RawAgent.welcomed(controller);
  agent.sendState(state);
  const host = controller.host("a");
  await host.waitFor(() => host.state.seq === state.seq);
  return { agent, host, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

function patch(before: HostState, after: HostState): { rev: number; at_seq: number; hash: string; patch: object } {
  return { rev: 2, at_seq: after.seq, hash: hashOf(after), patch: diff(before, after) ?? {} };
}

test("a patch takes the state to where the agent is", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3, { role: "api" }));
  const { agent, host } = peer;
  const after = stateAt(5, { zone: "b" });
  agent.send({ t: "state", ...patch(stateAt(3, { role: "api" }), after) });
  await host.waitFor(() => host.state.seq === 5);
  assert.deepEqual(host.state, after);
});

test("a patch that leads elsewhere makes it ask for the whole state", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3));
  const { agent, host } = peer;
  agent.send({ t: "state", ...patch(stateAt(3), stateAt(5)), hash: "0123456789abcdef" });
  await agent.next("want_state");
  assert.deepEqual(host.state, stateAt(3));
  agent.sendState(stateAt(6));
  await host.waitFor(() => host.state.seq === 6);
});

test("a heartbeat with another hash for the same seq makes it ask for the whole state", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3));
  const { agent, host } = peer;
  agent.send({ t: "heartbeat", hash: hashOf(stateAt(3)), seq: 3, next: 4, lag_ms: 0 });
  agent.send({ t: "heartbeat", hash: "elsewhere", seq: 9, next: 10, lag_ms: 0 });
  agent.send({ t: "heartbeat", hash: hashOf(stateAt(3, { drift: "yes" })), seq: 3, next: 4, lag_ms: 0 });
  await agent.next("want_state");
  assert.deepEqual(agent.pending("want_state"), []);
  agent.sendState(stateAt(3, { drift: "yes" }));
  await host.waitFor(() => host.state.agent.labels.drift === "yes");
});

test("drift of a real fold is found by the heartbeat and repaired", async () => {
  await using controller = await listen(100);
  await using agent = await agentOf(controller);
  await agent.acknowledged(tick(agent));
  const host = controller.host("a");
  const drifted = { ...agent.state, agent: { ...agent.state.agent, labels: { drift: "yes" } } };
  agent.sendRaw(JSON.stringify({ t: "state", rev: 9, at_seq: drifted.seq, hash: hashOf(drifted), full: drifted }));
  await host.waitFor(() => host.state.agent.labels.drift === "yes");
  await host.waitFor(() => hashOf(host.state) === hashOf(agent.state));
});

test("a hole in the events makes it ask for the whole state, once", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3));
  const { agent, host } = peer;
  agent.send({ t: "events", epoch, events: [counted(4), counted(7)] });
  agent.send({ t: "events", epoch, events: [counted(8)] });
  await agent.next("want_state");
  await until(() => agent.pending("ack").some(({ upto }) => upto === 8), "all is acknowledged");
  assert.deepEqual(agent.pending("want_state"), []);
  agent.sendState(stateAt(8));
  agent.send({ t: "events", epoch, events: [counted(9)] });
  await host.waitFor(() => host.state.seq === 9);
});

test("events that are lost for good make it ask for the whole state", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3));
  const { agent, host } = peer;
  agent.send({ t: "gap", epoch, from: 4, to: 6, count: 3, reason: "disk_full" });
  await agent.next("want_state");
  agent.sendState(stateAt(6));
  await host.waitFor(() => host.state.seq === 6);
});

test("events that the state has overtaken change nothing", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(5));
  const { agent, host } = peer;
  agent.send({ t: "events", epoch, events: countedFrom(1, 5) });
  agent.send({ t: "gap", epoch, from: 2, to: 3, count: 2, reason: "corrupt" });
  await until(() => agent.pending("ack").length > 0, "they are acknowledged");
  assert.deepEqual(host.state, stateAt(5));
  assert.deepEqual(agent.pending("want_state"), []);
});

test("what a newer agent adds to the state is kept", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3));
  const { agent, host } = peer;
  agent.sendState({ ...stateAt(4), weather: "fine" } as HostState);
  await host.waitFor(() => host.state.seq === 4);
  assert.equal((host.state as HostState & { weather?: string }).weather, "fine");
});

test("what is not a state is refused, and changes nothing", async () => {
  await using controller = await listen();
  await using peer = await introduced(controller, stateAt(3));
  const { agent, host } = peer;
  agent.send({ t: "state", rev: 2, at_seq: 4, hash: "", full: { seq: "four" } });
  assert.equal((await agent.next("error")).code, "bad-request");
  assert.deepEqual(host.state, stateAt(3));
});
