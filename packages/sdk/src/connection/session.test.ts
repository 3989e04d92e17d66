import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { maxFrameBytes } from "@ostler/protocol";
import { WebSocket, WebSocketServer } from "ws";
import { tokens } from "../auth.js";
import { Controller } from "../controller.js";
import { counted, countedFrom, epoch, stateAt } from "../fixtures/counted.js";
import { hello, RawAgent } from "../fixtures/raw-agent.js";
import { runSession } from "./session.js";

const identity = { id: "c-1", name: "control", heartbeatMs: 30_000 };

function listen(heartbeatMs = 30_000): Promise<Controller> {
  return Controller.listen({ port: 0, auth: tokens({ a: "s" }), name: "control", heartbeatMs });
}

test("a hello is answered with a welcome that says who welcomes and how much it takes", async () => {
  await using controller = await listen(15_000);
  await using agent = await RawAgent.connect(controller);
  agent.send(hello());
  const { controller: who, proto, heartbeat_s, window, events, resume } = await agent.next("welcome");
  assert.deepEqual(
    { name: who.name, proto, heartbeat_s, events, resume },
    { name: "control", proto: 1, heartbeat_s: 15, events: [], resume: undefined },
  );
  assert.ok(window.events > 0 && window.bytes > 0);
});

test("the newest version that both speak is chosen", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.connect(controller);
  agent.send({ ...hello(), proto: [99, 1] });
  assert.equal((await agent.next("welcome")).proto, 1);
});

test("an agent of another protocol version is told so and closed with 4426", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.connect(controller);
  agent.send({ ...hello(), proto: [99] });
  assert.equal((await agent.next("error")).code, "no-common-version");
  assert.equal((await agent.closed).code, 4426);
});

test("an agent that never says hello is closed with 4408", async () => {
  await using server = await socketServer();
  await using agent = new RawAgent(new WebSocket(`ws://127.0.0.1:${server.port}`));
  const owner = { resume: () => undefined, opened: () => undefined, frame: () => undefined, closed: () => undefined };
  runSession(await server.socket, identity, owner, { helloMs: 20 });
  assert.deepEqual(await agent.closed, { code: 4408, reason: "no hello came in time" });
});

test("an agent that begins with anything but hello is closed with 1002", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.connect(controller);
  agent.send({ t: "events", epoch, events: [counted(1)] });
  assert.deepEqual(await agent.closed, { code: 1002, reason: "the first frame must be hello, not events" });
});

test("a second hello ends the connection", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  agent.send(hello());
  assert.equal((await agent.closed).code, 1002);
});

test("garbage and unknown kinds are told, and the link stays up", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  for (const text of ["", "nonsense", "[]", "null", '{"kind":"events"}', '{"t":"events","epoch":7}'])
    agent.sendText(text);
  agent.send({ t: "from-the-future" });
  const codes: string[] = [];
  for (let n = 0; n < 7; n++) codes.push((await agent.next("error")).code);
  assert.deepEqual(codes, [...Array.from({ length: 6 }, () => "bad-request"), "unknown-kind"]);
  agent.send({ t: "events", epoch, events: countedFrom(1, 2) });
  assert.equal((await agent.next("ack")).upto, 2);
});

test("unknown fields are nobody's fault", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.connect(controller);
  agent.send({ ...hello(), weather: "fine" });
  await agent.next("welcome");
  agent.send({ t: "events", epoch, events: [{ ...counted(1), traceparent: "00-1" }], compressed: false });
  assert.equal((await agent.next("ack")).upto, 1);
});

test("an agent that goes on sending garbage is closed with 1002", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  for (let n = 0; n < 40; n++) agent.sendText("nonsense");
  assert.deepEqual(await agent.closed, { code: 1002, reason: "too many wrong frames" });
  assert.equal(agent.pending("error").length, 16);
});

test("binary frames are refused with 1003", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  agent.sendBytes(Buffer.from(JSON.stringify({ t: "bye", reason: "" })));
  assert.equal((await agent.closed).code, 1003);
});

test("a frame above the limit is refused with 1009, one at the limit is taken", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  const frame = JSON.stringify({ t: "bye", reason: "" });
  agent.sendText(frame.replace('""', `"${"x".repeat(maxFrameBytes - frame.length)}"`));
  agent.send({ t: "events", epoch, events: [counted(1)] });
  await agent.next("ack");
  agent.sendText(frame.replace('""', `"${"x".repeat(maxFrameBytes - frame.length + 1)}"`));
  assert.equal((await agent.closed).code, 1009);
});

test("an agent that falls silent is cut off, without a word that it would not hear", async () => {
  await using controller = await listen(50);
  await using agent = await RawAgent.welcomed(controller);
  assert.equal((await agent.closed).code, 1006);
  await controller.host("a").waitFor(({ connected }) => !connected);
});

test("a controller with nothing to say sends heartbeats", async () => {
  await using controller = await listen(50);
  await using agent = await RawAgent.welcomed(controller);
  for (let n = 0; n < 6; n++) {
    assert.deepEqual(await agent.next("heartbeat"), { t: "heartbeat" });
    agent.send({ t: "heartbeat", hash: "", seq: 99, next: 1, lag_ms: 0 });
  }
});

test("after a state frame the host has a state even where no event was ever sent", async () => {
  await using controller = await listen();
  await using agent = await RawAgent.welcomed(controller);
  agent.sendState(stateAt(0, { role: "api" }));
  const host = controller.host("a");
  await host.waitFor(() => host.state.agent.labels.role === "api");
});

/** A WebSocket server without a protocol, and the first connection to it. */
async function socketServer(): Promise<{ port: number; socket: Promise<WebSocket> } & AsyncDisposable> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const socket = once(server, "connection").then(([opened]) => opened as WebSocket);
  return {
    port: (server.address() as AddressInfo).port,
    socket,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
