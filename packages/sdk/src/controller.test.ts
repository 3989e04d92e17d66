import assert from "node:assert/strict";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { OstlerError } from "@ostler/protocol";
import { tokens, type Authenticate } from "./auth.js";
import { Controller } from "./controller.js";
import { stateAt } from "./fixtures/counted.js";
import { first } from "./fixtures/first.js";
import { RawAgent } from "./fixtures/raw-agent.js";
import { until } from "./until.js";
import { memoryStore } from "./stores/memory.js";
import { FakeAgent } from "./testing.js";

const auth = tokens({ a: "s", b: "t" });

function listen(): Promise<Controller> {
  return Controller.listen({ port: 0, auth });
}

function url({ port }: { port: number }): string {
  return `ws://127.0.0.1:${port}`;
}

function code(expected: string): (failure: unknown) => boolean {
  return (failure) => failure instanceof OstlerError && failure.code === expected;
}

/** The status line of the answer to an upgrade request. */
function upgrade(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({
      port,
      host: "127.0.0.1",
      headers: { connection: "upgrade", upgrade: "websocket", ...headers },
    });
    sent.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    sent.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("an agent is known by its token, not by what it calls itself", async () => {
  await using controller = await listen();
  await using agent = await FakeAgent.connect(url(controller), { token: "t", name: "something else" });
  assert.deepEqual(
    controller.hosts.map(({ name, connected }) => ({ name, connected })),
    [{ name: "b", connected: true }],
  );
  assert.equal(controller.host("b").agent?.name, agent.name);
});

test("a wrong token is answered with 401, before there is a WebSocket", async () => {
  await using controller = await listen();
  await assert.rejects(FakeAgent.connect(url(controller), { token: "wrong" }), code("unauthorized"));
  await assert.rejects(FakeAgent.connect(url(controller)), code("unauthorized"));
  assert.equal(await upgrade(controller.port, {}), 401);
  assert.deepEqual(controller.hosts, []);
});

test("an auth that throws lets nobody in, and does not end the controller", async () => {
  const verify: Authenticate = ({ headers }) => {
    if (headers.authorization === "Bearer good") return "a";
    throw new Error("signature is wrong");
  };
  await using controller = await Controller.listen({ port: 0, auth: verify });
  await assert.rejects(FakeAgent.connect(url(controller), { token: "bad" }), code("unauthorized"));
  await using agent = await FakeAgent.connect(url(controller), { token: "good" });
  await agent.acknowledged(1);
});

test("a host without a name is not let in", async () => {
  await using controller = await Controller.listen({ port: 0, auth: () => "" });
  await assert.rejects(FakeAgent.connect(url(controller), { token: "s" }), code("unauthorized"));
});

test("an agent that offers no subprotocol is closed with 1002", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.connect(controller, { protocols: [] });
  assert.deepEqual(await agent.closed, { code: 1002, reason: "offer the subprotocol ostler.v1+json" });
});

test("plain HTTP is told to upgrade", async () => {
  await using controller = await listen();
  assert.equal((await fetch(`http://127.0.0.1:${controller.port}/`)).status, 426);
});

test("without TLS it listens on loopback only", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1"])
    await assert.rejects(Controller.listen({ port: 0, host, auth }), code("not-permitted"));
});

test("a port that is taken is named in the failure", async () => {
  await using controller = await listen();
  const { port } = controller;
  await assert.rejects(Controller.listen({ port, auth }), (failure) => {
    return code("failed")(failure) && (failure as Error).message.includes(`127.0.0.1:${port}`);
  });
});

test("a host that has never been here is an error that names those who have", async () => {
  await using controller = await listen();
  assert.throws(() => controller.host("a"), /No agent has connected as "a". Known: none/);
  await using agent = await FakeAgent.connect(url(controller), { token: "t" });
  await agent.acknowledged(1);
  assert.throws(() => controller.host("a"), /Known: b/);
});

test("a second session of an agent takes over, and the older one is closed with 4409", async () => {
  await using controller = await listen();
  await using older = await RawAgent.welcomed(controller);
  await using newer = await FakeAgent.connect(url(controller), { token: "s" });
  assert.equal((await older.closed).code, 4409);
  const seq = newer.publish({ type: "app.ticked", data: {} });
  await newer.acknowledged(seq);
  assert.equal(controller.host("a").connected, true);
});

test("a session that is going to be replaced changes nothing any more", async () => {
  await using controller = await listen();
  await using older = await RawAgent.welcomed(controller);
  older.goDeaf();
  await using newer = await FakeAgent.connect(url(controller), { token: "s" });
  older.sendState(stateAt(9));
  await newer.acknowledged(newer.publish({ type: "app.ticked", data: {} }));
  assert.equal(controller.host("a").state.epoch, newer.epoch);
});

/** Somebody else's HTTP server. */
async function ownServer(): Promise<{ server: Server; port: number } & AsyncDisposable> {
  const server = createServer((_, response) => response.end("mine"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { server, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

test("it attaches to a server that exists, and leaves it running", async () => {
  await using own = await ownServer();
  const controller = await Controller.attach(own.server, { auth });
  assert.equal(controller.port, own.port);
  await using agent = await FakeAgent.connect(url(own), { token: "s" });
  await agent.acknowledged(1);
  await controller[Symbol.asyncDispose]();
  assert.equal(own.server.listenerCount("upgrade"), 0);
  assert.equal(await (await fetch(`http://127.0.0.1:${own.port}/`)).text(), "mine");
});

test("agents are told when the controller leaves, and nothing of them stays open", async () => {
  await using own = await ownServer();
  const controller = await Controller.attach(own.server, { auth });
  await using agent = await RawAgent.welcomed(controller);
  await controller[Symbol.asyncDispose]();
  assert.equal((await agent.next("bye")).reason, "the controller leaves");
  assert.equal((await agent.closed).code, 1000);
  assert.equal(await connections(own.server), 0);
});

test("an agent that never said hello does not hold up the end", async () => {
  const controller = await listen();
  await using agent = await RawAgent.connect(controller);
  await controller[Symbol.asyncDispose]();
  assert.equal((await agent.closed).code, 1000);
});

test("an agent that does not answer the closing handshake is cut off", async () => {
  const controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  agent.goDeaf();
  const startedMs = performance.now();
  await controller[Symbol.asyncDispose]();
  assert.ok(performance.now() - startedMs < 5000);
});

test("whoever iterates events comes to an end when the controller does", async () => {
  const controller = await listen();
  await using agent = await FakeAgent.connect(url(controller), { token: "s" });
  await agent.acknowledged(1);
  const reading = first(Infinity, controller.events());
  await controller[Symbol.asyncDispose]();
  assert.deepEqual(await reading, []);
});

test("closing twice is closing once", async () => {
  const controller = await listen();
  await Promise.all([controller[Symbol.asyncDispose](), controller[Symbol.asyncDispose]()]);
  await controller[Symbol.asyncDispose]();
  await assert.rejects(FakeAgent.connect(url({ port: controller.port || 1 }), { token: "s" }), code("unreachable"));
});

test("hosts with events in the store are known before they connect", async () => {
  const store = memoryStore();
  const before = await Controller.listen({ port: 0, auth, store });
  await using agent = await FakeAgent.connect(url(before), { token: "s" });
  await agent.acknowledged(1);
  await before[Symbol.asyncDispose]();
  await using controller = await Controller.listen({ port: 0, auth, store });
  assert.deepEqual(
    controller.hosts.map(({ name, connected }) => ({ name, connected })),
    [{ name: "a", connected: false }],
  );
  assert.equal((await first(1, controller.events({ from: "stored" })))[0]?.event.type, "ostler.agent.started");
});

function connections(server: Server): Promise<number> {
  return until(
    () =>
      new Promise<number[] | undefined>((resolve) =>
        server.getConnections((_, count) => resolve(count === 0 ? [count] : undefined)),
      ),
    "the server has no connections",
  ).then(([count = NaN]) => count);
}
