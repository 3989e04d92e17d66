import assert from "node:assert/strict";
import { test } from "node:test";
import { tokens } from "../auth.js";
import { Controller } from "../controller.js";
import { counted, countedFrom, epoch, numbers, seqs } from "../fixtures/counted.js";
import { all } from "../fixtures/first.js";
import { gatedStore } from "../fixtures/gated-store.js";
import { hello, RawAgent } from "../fixtures/raw-agent.js";
import { until } from "../until.js";
import { memoryStore } from "../stores/memory.js";
import type { EventStore } from "../stores/store.js";
import { FakeAgent } from "../testing.js";

function listen(store?: EventStore): Promise<Controller> {
  return Controller.listen({ port: 0, auth: tokens({ a: "s" }), ...(store ? { store } : {}) });
}

function agentOf({ port }: Controller): Promise<FakeAgent> {
  return FakeAgent.connect(`ws://127.0.0.1:${port}`, { token: "s" });
}

async function stored(store: EventStore): Promise<number[]> {
  return seqs((await all(store.read("a", 0))).map(({ event }) => event));
}

test("an event is acknowledged when the store has it, and not before", async () => {
  const store = gatedStore();
  await using controller = await listen(store);
  await using agent = await agentOf(controller);
  await until(() => store.waiting === 1, "the store was asked");
  assert.equal(agent.acked, 0);
  store.open();
  await agent.acknowledged(1);
  assert.deepEqual(await stored(store), [1]);
});

test("what a store refuses is not acknowledged, and comes again", async () => {
  const store = gatedStore();
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "events", epoch, events: countedFrom(1, 3) });
  await until(() => store.waiting === 1, "the store was asked");
  store.refuse("no space left");
  assert.deepEqual(await agent.closed, { code: 1011, reason: "events cannot be stored: no space left" });
  assert.deepEqual(agent.pending("ack"), []);
  store.open();
  await using again = await RawAgent.welcomed(controller);
  again.send({ t: "events", epoch, events: countedFrom(1, 3) });
  assert.deepEqual(await again.next("ack"), { t: "ack", epoch, upto: 3 });
  assert.deepEqual(await stored(store), [1, 2, 3]);
});

test("what came behind a refused batch is not stored in its place", async () => {
  const store = gatedStore();
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "events", epoch, events: countedFrom(1, 3) });
  agent.send({ t: "events", epoch, events: countedFrom(4, 6) });
  agent.send({ t: "gap", epoch, from: 7, to: 9, count: 3, reason: "retention" });
  agent.send({ t: "state", rev: 1, at_seq: 0, hash: "", full: {} });
  await agent.next("error"); // Everything before has arrived.
  store.refuse("no space left");
  store.open();
  await agent.closed;
  assert.deepEqual(await stored(store), []);
  await using again = await RawAgent.connect(controller);
  again.send(hello());
  assert.equal((await again.next("welcome")).resume, undefined);
});

test("a store may complain at any length and in any language", async () => {
  const store: EventStore = { ...memoryStore(), append: () => Promise.reject(new Error("диск заполнен ".repeat(20))) };
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "events", epoch, events: countedFrom(1, 3) });
  const { code, reason } = await agent.closed;
  assert.equal(code, 1011);
  assert.match(reason, /^events cannot be stored: диск заполнен/);
});

test("events that come twice are stored once and acknowledged each time", async () => {
  const store = memoryStore();
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  for (const [from, to] of [
    [1, 5],
    [1, 5],
    [3, 7],
    [1, 2],
    [8, 8],
  ] as const) {
    agent.send({ t: "events", epoch, events: countedFrom(from, to) });
    assert.deepEqual(await agent.next("ack"), { t: "ack", epoch, upto: to });
  }
  assert.deepEqual(await stored(store), numbers(1, 8));
});

test("an agent is asked to go on behind the last event that is stored", async () => {
  const store = memoryStore();
  await store.append("a", countedFrom(1, 12));
  await using controller = await listen(store);
  await using agent = await RawAgent.connect(controller);
  agent.send(hello());
  assert.deepEqual((await agent.next("welcome")).resume, { epoch, from: 13 });
});

test("another epoch begins at one, and does not hide what was stored before", async () => {
  const store = memoryStore();
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "events", epoch, events: countedFrom(1, 5) });
  agent.send({ t: "gap", epoch, from: 6, to: 6, count: 0, reason: "epoch" });
  agent.send({ t: "events", epoch: "e2", events: [counted(1, { of: "e2" }), counted(2, { of: "e2" })] });
  await until(async () => (await store.positions()).get("a")?.epoch === "e2", "the other epoch is stored");
  assert.deepEqual(await stored(store), [1, 2, 3, 4, 5, 1, 2]);
});

test("a gap is stored among the events, so that who reads later sees the hole too", async () => {
  const store = memoryStore();
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "events", epoch, events: countedFrom(1, 2) });
  agent.send({ t: "gap", epoch, from: 3, to: 9, count: 7, reason: "retention" });
  agent.send({ t: "events", epoch, events: [counted(10)] });
  await until(() => agent.pending("ack").some(({ upto }) => upto === 10), "all is acknowledged");
  const [gap] = (await all(store.read("a", 0))).map(({ event }) => event).filter(({ data }) => "reason" in data);
  assert.equal(gap?.type, "ostler.journal.gapped");
  assert.deepEqual(gap.data, { from: 3, to: 9, count: 7, reason: "retention" });
  assert.deepEqual(await stored(store), [1, 2, 9, 10]);
});

test("a batch with something that is not an event ends the connection: the next batch must not hide it", async () => {
  const store = memoryStore();
  await using controller = await listen(store);
  await using agent = await RawAgent.welcomed(controller);
  agent.send({ t: "events", epoch, events: [counted(1), { type: "what?" }, counted(3)] });
  agent.send({ t: "events", epoch, events: [counted(4)] });
  assert.equal((await agent.closed).code, 1002);
  assert.deepEqual(await stored(store), []);
});

test("events of a slow store are acknowledged on the connection they came by, and nowhere else", async () => {
  const store = gatedStore();
  await using controller = await listen(store);
  await using before = await RawAgent.welcomed(controller);
  before.send({ t: "events", epoch, events: countedFrom(1, 3) });
  await until(() => store.waiting === 1, "the store was asked");
  await before.drop();
  await using agent = await RawAgent.welcomed(controller);
  store.open();
  agent.send({ t: "events", epoch, events: countedFrom(1, 4) });
  assert.deepEqual(await agent.next("ack"), { t: "ack", epoch, upto: 4 });
  assert.deepEqual(agent.pending("ack"), []);
  assert.deepEqual(await stored(store), [1, 2, 3, 4]);
});

test("what is on its way to the store when the controller ends is stored first", async () => {
  const store = gatedStore();
  const controller = await listen(store);
  await using agent = await agentOf(controller);
  await until(() => store.waiting === 1, "the store was asked");
  const ended = controller[Symbol.asyncDispose]();
  store.open();
  await ended;
  assert.deepEqual(await stored(store), [agent.state.seq]);
});
