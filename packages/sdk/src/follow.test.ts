import assert from "node:assert/strict";
import { test } from "node:test";
import { seqOf } from "@ostler/protocol";
import { tokens } from "./auth.js";
import { Controller } from "./controller.js";
import { numbers, seqs } from "./fixtures/counted.js";
import { first } from "./fixtures/first.js";
import { gatedStore } from "./fixtures/gated-store.js";
import { tempDir } from "./fixtures/temp-dir.js";
import { tick } from "./fixtures/ticks.js";
import { until } from "./until.js";
import { fileStore } from "./stores/file.js";
import { memoryStore } from "./stores/memory.js";
import type { EventStore } from "./stores/store.js";
import { FakeAgent } from "./testing.js";

const secrets = { a: "s-a", b: "s-b", c: "s-c" };

function listen(store?: EventStore): Promise<Controller> {
  return Controller.listen({ port: 0, auth: tokens(secrets), ...(store ? { store } : {}) });
}

function agentOf(name: keyof typeof secrets, { port }: Controller): Promise<FakeAgent> {
  return FakeAgent.connect(`ws://127.0.0.1:${port}`, { name, token: secrets[name] });
}

/** What an iterator gives, as `host seq`. */
async function told(count: number, events: ReturnType<Controller["events"]>): Promise<string[]> {
  return (await first(count, events)).map(({ host, event }) => `${host.name} ${seqOf(event)}`);
}

test("every event comes once and in order, however often the connection breaks", async () => {
  await using directory = await tempDir();
  await using controller = await listen(fileStore(directory.path));
  await using agent = await agentOf("a", controller);
  const reading = first(401, controller.events({ from: "stored" }));
  for (let round = 0; round < 20; round++) {
    tick(agent, 13);
    await agent.disconnect();
    tick(agent, 7);
    await agent.connect();
  }
  assert.deepEqual(seqs((await reading).map(({ event }) => event)), numbers(1, 401));
  await agent.acknowledged(401);
});

test("a controller that starts again goes on where its store ends", async () => {
  await using directory = await tempDir();
  const before = await listen(fileStore(directory.path));
  await using agent = await agentOf("a", before);
  await agent.acknowledged(tick(agent, 9));
  await before[Symbol.asyncDispose]();
  await using controller = await listen(fileStore(directory.path));
  tick(agent, 5);
  await using again = await moved(agent, controller);
  await again.acknowledged(15);
  assert.deepEqual(
    await told(15, controller.events({ from: "stored" })),
    numbers(1, 15).map((seq) => `a ${seq}`),
  );
});

test("without a word on where to begin, only what comes is told", async () => {
  await using controller = await listen();
  await using agent = await agentOf("a", controller);
  await agent.acknowledged(tick(agent, 5));
  const events = controller.events();
  const later = controller.host("a").events();
  tick(agent, 2);
  await agent.acknowledged(8);
  tick(agent);
  assert.deepEqual(await told(3, events), ["a 7", "a 8", "a 9"]);
  assert.deepEqual(seqs(await first(3, later)), [7, 8, 9]);
});

test("from the store, first comes everything that is in it", async () => {
  await using controller = await listen();
  await using agent = await agentOf("a", controller);
  await agent.acknowledged(tick(agent, 5));
  const reading = told(7, controller.events({ from: "stored" }));
  tick(agent);
  assert.deepEqual(
    await reading,
    numbers(1, 7).map((seq) => `a ${seq}`),
  );
});

test("only the types that were asked for come, with and without the prefix", async () => {
  await using controller = await listen();
  await using agent = await agentOf("a", controller);
  tick(agent, 3);
  agent.publish({ type: "service.removed", data: { service: "vcon" } });
  tick(agent, 3);
  await agent.acknowledged(agent.publish({ type: "agent.stopped", data: { reason: "SIGTERM" } }));
  const typesOf = async (count: number, ...types: string[]): Promise<string[]> =>
    (await first(count, controller.events({ from: "stored", types }))).map(({ event }) => event.type);
  assert.deepEqual(await typesOf(1, "ostler.service.*"), ["ostler.service.removed"]);
  assert.deepEqual(await typesOf(2, "service.*", "agent.stopped"), ["ostler.service.removed", "ostler.agent.stopped"]);
  assert.deepEqual(
    await typesOf(6, "app.*"),
    Array.from({ length: 6 }, () => "app.ticked"),
  );
});

test("hosts that join later are told of from their first event", async () => {
  await using controller = await listen();
  await using a = await agentOf("a", controller);
  await a.acknowledged(1);
  const reading = told(5, controller.events({ from: "now" }));
  await using b = await agentOf("b", controller);
  await b.acknowledged(tick(b));
  await using c = await agentOf("c", controller);
  await c.acknowledged(tick(c));
  tick(a);
  assert.deepEqual((await reading).sort(), ["a 2", "b 1", "b 2", "c 1", "c 2"]);
});

test("a host that joins between the call and the first event is not missed", async () => {
  await using controller = await listen();
  const events = controller.events();
  await using a = await agentOf("a", controller);
  await a.acknowledged(tick(a));
  assert.deepEqual(await told(2, events), ["a 1", "a 2"]);
});

test("events of each host keep their order among those of others", async () => {
  await using controller = await listen();
  await using a = await agentOf("a", controller);
  await using b = await agentOf("b", controller);
  const reading = first(400, controller.events({ types: ["app.*"] }));
  for (let n = 0; n < 200; n++) {
    tick(a);
    tick(b);
    if (n % 50 === 0) await Promise.all([a.disconnect().then(() => a.connect()), b.acknowledged(n)]);
  }
  const seen = await reading;
  for (const name of ["a", "b"])
    assert.deepEqual(seqs(seen.filter(({ host }) => host.name === name).map(({ event }) => event)), numbers(2, 201));
});

test("a busy host does not keep a quiet one from being heard", async () => {
  await using controller = await listen();
  await using busy = await agentOf("a", controller);
  await using quiet = await agentOf("b", controller);
  await Promise.all([busy.acknowledged(tick(busy, 2000)), quiet.acknowledged(1)]);
  const seen = await told(10, controller.events({ from: "stored" }));
  assert.ok(seen.includes("b 1"), seen.join(", "));
});

test("each reader has a pace of its own, and a slow one holds up nobody", async () => {
  await using controller = await listen();
  await using agent = await agentOf("a", controller);
  const slow = controller.events({ from: "stored" });
  await slow.next();
  const quick = [1, 2].map(() => told(500, controller.events({ from: "stored" })));
  await agent.acknowledged(tick(agent, 499));
  const everything = numbers(1, 500).map((seq) => `a ${seq}`);
  assert.deepEqual(await Promise.all(quick), [everything, everything]);
  assert.deepEqual(await told(499, slow), everything.slice(1));
});

test("an event is told when it is stored, and not before", async () => {
  const store = gatedStore();
  await using controller = await listen(store);
  await using agent = await agentOf("a", controller);
  let seen = 0;
  void controller
    .events({ from: "stored" })
    .next()
    .then(() => seen++);
  await until(() => store.waiting === 1, "the event has reached the store");
  assert.equal(seen, 0);
  store.open();
  await until(() => seen === 1, "the event is told");
  await agent.acknowledged(1);
});

test("a reader ends with its signal, in the middle of a wait or of the store", async () => {
  await using controller = await listen();
  await using agent = await agentOf("a", controller);
  await agent.acknowledged(tick(agent, 10));
  const stop = new AbortController();
  const waiting = first(Infinity, controller.events({ signal: stop.signal }));
  const reading: number[] = [];
  for await (const event of controller.host("a").events({ from: "stored", signal: stop.signal }))
    if (reading.push(seqOf(event)) === 3) stop.abort();
  assert.deepEqual(reading, [1, 2, 3]);
  assert.deepEqual(await waiting, []);
});

test("a store that cannot be read ends the reader with its reason", async () => {
  const broken: EventStore = {
    ...memoryStore(),
    read: () => {
      throw new Error("the disk is gone");
    },
  };
  await using controller = await listen(broken);
  await using agent = await agentOf("a", controller);
  await agent.acknowledged(1);
  await assert.rejects(controller.events({ from: "stored" }).next(), /the disk is gone/);
});

test("a reader that leaves its loop lets go of the store at once", async () => {
  const store = memoryStore();
  let open = 0;
  const counted: EventStore = {
    ...store,
    read: async function* (host, from) {
      open++;
      try {
        yield* store.read(host, from);
      } finally {
        open--;
      }
    },
  };
  await using controller = await listen(counted);
  await using a = await agentOf("a", controller);
  await using b = await agentOf("b", controller);
  await Promise.all([a.acknowledged(tick(a, 5)), b.acknowledged(tick(b, 5))]);
  await told(3, controller.events({ from: "stored" }));
  assert.equal(open, 0);
});

/** The same agent, connected to another controller. */
async function moved(agent: FakeAgent, { port }: Controller): Promise<FakeAgent> {
  await agent.disconnect();
  await agent.connect(`ws://127.0.0.1:${port}`);
  return agent;
}
