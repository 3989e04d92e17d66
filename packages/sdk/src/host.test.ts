import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { OstlerError } from "@ostler/protocol";
import { WebSocketServer } from "ws";
import { numbers, seqs } from "./fixtures/counted.js";
import { all, first } from "./fixtures/first.js";
import { tick } from "./fixtures/ticks.js";
import { until } from "./until.js";
import { Host } from "./host.js";
import { memoryStore } from "./stores/memory.js";
import { FakeAgent } from "./testing.js";

function fails(code: string, message = /./): (failure: unknown) => boolean {
  return (failure) => failure instanceof OstlerError && failure.code === code && message.test(failure.message);
}

/** A server that answers every request, upgrades included, with one status. */
async function answering(status: string): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer();
  server.on("upgrade", (_, socket) => socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/stream`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test("connecting resolves when the state of the agent is known", async () => {
  await using agent = await FakeAgent.listen({ name: "node-a", token: "secret" });
  agent.publish({ type: "agent.degraded", data: { part: "journal", reason: "disk full" } });
  await using host = await Host.connect(agent.url, { token: "secret" });
  assert.equal(host.connected, true);
  assert.equal(host.agent?.name, "node-a");
  assert.deepEqual(host.state, agent.state);
  assert.equal(host.name, new URL(agent.url).host);
});

test("a first attempt that fails says why", async () => {
  await using agent = await FakeAgent.listen({ token: "secret" });
  await assert.rejects(Host.connect(agent.url, { token: "wrong" }), fails("unauthorized", /the token/));
  await assert.rejects(Host.connect(agent.url), fails("unauthorized"));
  await using forbidding = await answering("403 Forbidden");
  await assert.rejects(Host.connect(forbidding.url), fails("not-permitted", /403/));
  await using broken = await answering("500 Internal Server Error");
  await assert.rejects(Host.connect(broken.url), fails("unreachable", /500/));
  await assert.rejects(Host.connect("ws://127.0.0.1:1/v1/stream"), fails("unreachable", /ECONNREFUSED/));
  await assert.rejects(Host.connect("http://127.0.0.1:1 /"), (failure) => failure instanceof Error);
});

test("a name that was given is the name", async () => {
  await using agent = await FakeAgent.listen();
  await using host = await Host.connect(agent.url, { name: "node-a" });
  assert.equal(host.name, "node-a");
});

test("a lost connection is repaired, and no event is lost or told twice", async () => {
  await using agent = await FakeAgent.listen();
  await using host = await Host.connect(agent.url);
  const reading = first(31, host.events({ from: "stored" }));
  await agent.acknowledged(tick(agent, 10));
  await agent.disconnect();
  await host.waitFor(({ connected }) => !connected);
  tick(agent, 10);
  await host.waitFor(({ connected }) => connected);
  await agent.acknowledged(tick(agent, 10));
  assert.deepEqual(seqs(await reading), numbers(1, 31));
  assert.deepEqual(host.state, agent.state);
});

test("a host with a store of the user's goes on where that ends", async () => {
  await using agent = await FakeAgent.listen();
  const store = memoryStore();
  const before = await Host.connect(agent.url, { name: "a", store });
  await agent.acknowledged(tick(agent, 5));
  await before[Symbol.asyncDispose]();
  const seq = tick(agent, 5);
  await using host = await Host.connect(agent.url, { name: "a", store });
  await agent.acknowledged(seq);
  const kept = await all(store.read("a", 0));
  assert.deepEqual(seqs(kept.map(({ event }) => event)), numbers(1, 11));
  assert.equal(host.state.seq, 11);
});

test("commands run on the agent that listens, too", async () => {
  await using agent = await FakeAgent.listen({ onCommand: () => ({ hash: "h", changes: [] }) });
  await using host = await Host.connect(agent.url);
  assert.equal((await host.run("config.reload", {})).hash, "h");
});

test("waiting for something ends when it is true, however it becomes true", async () => {
  await using agent = await FakeAgent.listen();
  await using host = await Host.connect(agent.url);
  await host.waitFor(() => true);
  const waiting = host.waitFor(({ state }) => state.agent.degraded.journal !== undefined);
  agent.publish({ type: "agent.degraded", data: { part: "journal", reason: "disk full" } });
  await waiting;
  const away = host.waitFor(({ connected }) => !connected);
  await agent.disconnect();
  await away;
});

test("waiting in vain ends with the time that was given", async () => {
  await using agent = await FakeAgent.listen();
  await using host = await Host.connect(agent.url);
  await assert.rejects(
    host.waitFor(() => false, { timeout: "20ms" }),
    fails("timed-out", /20ms/),
  );
  await assert.rejects(
    host.waitFor(() => false, { timeout: "a while" }),
    fails("bad-request", /"a while"/),
  );
});

test("a host that is closed ends whoever waits for it, runs on it or reads from it", async () => {
  await using agent = await FakeAgent.listen({ onCommand: () => new Promise(() => undefined) });
  const host = await Host.connect(agent.url);
  const waiting = assert.rejects(
    host.waitFor(() => false),
    fails("unreachable"),
  );
  const running = assert.rejects(host.run("config.reload", {}), fails("unreachable"));
  const read: string[] = [];
  const reading = (async () => {
    for await (const { type } of host.events()) read.push(type);
  })();
  await until(() => read.includes("ostler.command.accepted"), "the command was accepted, and that is read");
  await host[Symbol.asyncDispose]();
  await Promise.all([waiting, running, reading]);
  assert.equal(host.connected, false);
});

test("closing a host ends its attempts to reconnect", async () => {
  await using agent = await FakeAgent.listen();
  const host = await Host.connect(agent.url);
  await agent.disconnect();
  await host.waitFor(({ connected }) => !connected);
  await host[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  assert.equal(host.connected, false);
});

test("an agent that lets nobody stay is a first attempt that failed", async () => {
  for (const [code, expected] of [
    [4401, "unauthorized"],
    [4403, "not-permitted"],
    [1013, "unreachable"],
  ] as const) {
    await using closing = await closingServer(code);
    await assert.rejects(Host.connect(closing.url), fails(expected, new RegExp(`closed with ${code} not you`)));
  }
});

/** Takes every connection, and closes it as soon as it is open. */
async function closingServer(code: number): Promise<{ url: string } & AsyncDisposable> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "ostler.v1+json" });
  await new Promise((resolve) => server.on("listening", resolve));
  server.on("connection", (socket) => socket.close(code, "not you"));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
