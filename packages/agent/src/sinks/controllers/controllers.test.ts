import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { decodeEnvelope, seqOf, subprotocol, tapSubprotocol, type Actor, type Envelope } from "@ostler/protocol";
import { WebSocket } from "ws";
import type { ControllerConfig } from "../../config/controllers.js";
import { Controllers } from "./controllers.js";
import { openDoor } from "../../testing/controller-door.js";
import { openGround, type Ground, type GroundOptions } from "../../testing/controllers-sink.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { RawController, welcome } from "../../testing/raw-controller.js";
import { until } from "../../testing/until.js";

type House = AsyncDisposable & { ground: Ground; controllers: Controllers; port: number };

/** The controllers of an agent, behind an HTTP server that lets everybody in. */
async function openHouse(configs: ControllerConfig[] = [], options: GroundOptions = {}): Promise<House> {
  const ground = await openGround(options);
  const controllers = new Controllers(configs, ground);
  const actor: Actor = { kind: "http", name: "ops" };
  const server = createServer();
  server.on("upgrade", (incoming, socket, head) =>
    controllers.upgrade(incoming, socket, head, { actor, scopes: ["read"] }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ground,
    controllers,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await controllers[Symbol.asyncDispose]();
      await new Promise((resolve) => server.close(resolve));
      await ground[Symbol.asyncDispose]();
    },
  };
}

async function connect({ port }: House, protocols = [subprotocol]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/stream`, protocols);
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  return socket;
}

/** A controller that connected by itself and has welcomed the agent. */
async function visitor(house: House, id = "c-1"): Promise<RawController> {
  const controller = new RawController(await connect(house));
  controller.send(welcome({ controller: { id, name: id, version: "0" } }));
  await controller.next("state");
  return controller;
}

/** The status of the answer to an upgrade request. */
function knock({ port }: House, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const handshake = { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-version": "13" };
    const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-protocol": subprotocol };
    const sent = request({ port, host: "127.0.0.1", headers: { ...upgrade, ...handshake, ...headers } });
    sent.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    sent.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** The events of a tap, as they come. */
function tapped(socket: WebSocket): Envelope[] {
  const events: Envelope[] = [];
  socket.on("message", (data) => events.push(decodeEnvelope(JSON.parse((data as Buffer).toString()))));
  return events;
}

suite("controllers that connect by themselves", () => {
  test("speak the same protocol as those the agent connects to", async () => {
    await using house = await openHouse();
    await using controller = await visitor(house);
    await controller.received(2);
    controller.send({ t: "cmd", id: "k", name: "service.stop", args: { service: "vcon" } });
    assert.equal((await controller.next("cmd_ack")).code, "not-permitted");
    assert.equal(house.ground.state().controllers["http-ops/c-1"]?.direction, "inbound");
  });

  test("are forgotten by the state when they leave", async () => {
    await using house = await openHouse();
    const controller = await visitor(house);
    await controller[Symbol.asyncDispose]();
    await until(() => house.ground.told("controller.disconnected").length === 1, "it has left");
    assert.deepEqual(house.ground.state().controllers, {});
  });

  test("replace an older session of the same id, which is closed with 4409", async () => {
    await using house = await openHouse();
    await using older = await visitor(house);
    await using other = await visitor(house, "c-2");
    await using newer = await visitor(house);
    assert.equal((await older.closed).code, 4409);
    for (const controller of [other, newer]) {
      controller.send({ t: "want_state" });
      await controller.next("state");
    }
    assert.deepEqual(Object.keys(house.ground.state().controllers).sort(), ["http-ops/c-1", "http-ops/c-2"]);
  });

  test("may come back under their name as often as they like", async () => {
    await using house = await openHouse();
    for (let n = 0; n < 3; n++) {
      await using controller = await visitor(house);
      assert.equal(controller.pending("error").length, 0);
      await controller[Symbol.asyncDispose]();
      await until(() => house.ground.told("controller.disconnected").length === n + 1, "it has left");
    }
    assert.deepEqual(
      house.ground.told("controller.disconnected").map(({ code }) => code),
      [1006, 1006, 1006],
    );
  });

  test("are closed with 1002 when they offer no subprotocol that is spoken here", async () => {
    await using house = await openHouse();
    const controller = new RawController(await connect(house, []));
    const { code, reason } = await controller.closed;
    assert.deepEqual(
      { code, reason },
      { code: 1002, reason: `offer the subprotocol ${subprotocol} or ${tapSubprotocol}` },
    );
  });

  test("are refused when a web page sends them", async () => {
    await using house = await openHouse();
    assert.equal(await knock(house, { origin: "https://evil.example" }), 403);
    assert.equal(await knock(house), 101);
  });

  test("are 64 at most, and the next gets in when one has left", async () => {
    await using house = await openHouse();
    const sockets = await Promise.all(Array.from({ length: 64 }, () => connect(house)));
    assert.equal(await knock(house), 503);
    sockets.pop()?.terminate();
    await until(async () => (await knock(house)) === 101, "there is room again");
    for (const socket of sockets) socket.terminate();
  });

  test("are no reason for a warning, however many they are", async () => {
    const warnings: string[] = [];
    const warned = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", warned);
    await using house = await openHouse();
    const visitors = await Promise.all(Array.from({ length: 40 }, (_, n) => visitor(house, `c-${n}`)));
    await Promise.all(visitors.map((controller) => controller[Symbol.asyncDispose]()));
    process.off("warning", warned);
    assert.deepEqual(warnings, []);
  });

  test("are told when the agent stops, and cut off when they do not answer", async () => {
    await using house = await openHouse();
    await using polite = await visitor(house);
    await using deaf = await visitor(house, "c-2");
    await using early = new RawController(await connect(house));
    await using tap = new RawController(await connect(house, [tapSubprotocol]));
    deaf.socket.pause();
    const startedMs = performance.now();
    await house.controllers[Symbol.asyncDispose]();
    assert.ok(performance.now() - startedMs < 4000);
    for (const controller of [polite, early, tap]) assert.equal((await controller.closed).code, 1001);
    assert.equal(await knock(house), 503);
    assert.deepEqual(house.ground.state().controllers, {});
  });
});

suite("a tap", () => {
  test("gets one CloudEvent a message, from now on", async () => {
    await using house = await openHouse();
    await house.ground.tick(5);
    const socket = await connect(house, [tapSubprotocol]);
    assert.equal(socket.protocol, "cloudevents.json");
    const events = tapped(socket);
    await house.ground.tick(20);
    await until(() => events.length === 20, "all events have come");
    assert.deepEqual(
      events.map(seqOf),
      Array.from({ length: 20 }, (_, at) => at + 7),
    );
    socket.terminate();
  });

  test("has no say: whatever it sends changes nothing", async () => {
    await using house = await openHouse();
    const socket = await connect(house, [tapSubprotocol]);
    const events = tapped(socket);
    for (let n = 0; n < 50; n++) socket.send('{"t":"cmd","id":"k","name":"config.reload"}');
    socket.send(Buffer.from([0]));
    await house.ground.tick(1);
    await until(() => events.length === 1, "the event has come");
    assert.deepEqual(
      house.ground.published.filter(({ type }) => type.startsWith("command.")),
      [],
    );
    socket.terminate();
  });

  test("that reads again after a while has missed nothing", async () => {
    await using house = await openHouse();
    const socket = await connect(house, [tapSubprotocol]);
    const events = tapped(socket);
    socket.pause();
    await house.ground.tick(20_000, 500);
    socket.resume();
    await until(() => events.length === 20_000, "all events have come");
  });

  test("that answers no ping is cut off", async () => {
    const clock = new FakeClock();
    await using house = await openHouse([], { clock });
    const socket = new WebSocket(`ws://127.0.0.1:${house.port}/v1/stream`, [tapSubprotocol], { autoPong: false });
    let pings = 0;
    socket.on("ping", () => pings++);
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    await until(() => clock.waiting === 1, "the tap is open");
    clock.advance(30_000);
    await until(() => pings === 1, "it was asked");
    clock.advance(30_000);
    assert.equal(await closed, 1006);
    await until(() => clock.waiting === 0, "no timer is left");
  });

  test("that answers pings stays", async () => {
    const clock = new FakeClock();
    await using house = await openHouse([], { clock });
    const socket = await connect(house, [tapSubprotocol]);
    const events = tapped(socket);
    let pings = 0;
    socket.on("ping", () => pings++);
    for (let n = 1; n <= 5; n++) {
      clock.advance(30_000);
      await until(() => pings === n, "it was asked");
      await house.ground.tick(1);
      await until(() => events.length === n, "the pong, and the event behind it, have gone their way");
    }
    socket.terminate();
  });
});

suite("configured controllers", () => {
  function config(url: string, more: Partial<ControllerConfig> = {}): ControllerConfig {
    return { url, name: "c", commands: [], ...more };
  }

  test("are connected to when the agent starts, and left with a goodbye when it stops", async () => {
    await using door = await openDoor();
    const house = await openHouse([config(door.url)]);
    const controller = await until(() => door.controllers[0], "it connects");
    await controller.next("state");
    await house[Symbol.asyncDispose]();
    assert.equal((await controller.closed).code, 1001);
  });

  test("that did not change keep their session over a reload, the others get a new one", async () => {
    await using door = await openDoor();
    await using changing = await openDoor();
    await using house = await openHouse([config(door.url, { name: "a" }), config(changing.url, { name: "b" })]);
    await until(() => house.ground.told("controller.connected").length === 2, "both are connected");
    const next = [config(door.url, { name: "a" }), config(changing.url, { name: "b", commands: ["service.*"] })];
    await house.controllers.prepare(next).commit(new AbortController().signal);
    await until(() => changing.controllers.length === 2, "one connects again");
    assert.equal((await changing.controllers[0]?.closed)?.code, 1001);
    assert.equal(door.controllers.length, 1);
    assert.equal(house.ground.state().controllers.a?.connected, true);
  });

  test("that leave the configuration are left, and new ones are connected to", async () => {
    await using old = await openDoor();
    await using fresh = await openDoor();
    await using house = await openHouse([config(old.url, { name: "old" })]);
    await until(() => old.controllers.length === 1, "it is connected");
    await house.controllers.prepare([config(fresh.url, { name: "fresh" })]).commit(new AbortController().signal);
    await until(() => fresh.controllers.length === 1, "the new one is connected");
    assert.equal((await old.controllers[0]?.closed)?.code, 1001);
  });

  test("with a certificate file that does not exist make the reload fail before anything changes", async () => {
    await using house = await openHouse();
    const tls = { ca: "/nonexistent/ca.pem" };
    assert.throws(() => house.controllers.prepare([config("wss://127.0.0.1:1", { tls })]), /ENOENT/);
  });
});
