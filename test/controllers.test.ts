import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { closeCodes, subprotocol } from "@ostler/protocol";
import { Controller, fileStore, Host, tokens, type Envelope } from "@ostler/sdk";
import { WebSocket } from "ws";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

test("a controller that was away for a while gets everything on its return", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const auth = tokens({ a: "s" });
  const firstStore = fileStore(`${agent.directory}/events`);
  const first = await Controller.listen({ port: 0, auth, store: firstStore });
  const { port } = first;
  agent.configure(`
services: {web: {command: [node, ${fixture("http.mjs")}], restart: {backoff: {initial: 0s}, crash_loop: {window: 0s}}}}
controllers: [{url: "ws://127.0.0.1:${port}", token: s}]
`);
  await agent.run();
  await until(() => first.hosts[0]?.connected);
  await first[Symbol.asyncDispose]();
  await firstStore.close();
  for (let crash = 1; crash <= 5; crash++) {
    kill(await agent.pidOf("web"));
    await until(async () => (await agent.events("service.restarted")).length === crash);
  }
  const store = fileStore(`${agent.directory}/events`);
  await using second = await Controller.listen({ port, auth, store });
  const seen: Envelope[] = [];
  void (async () => {
    for await (const { event } of second.events({ from: "stored" })) seen.push(event);
  })();
  await until(() => seen.filter(({ type }) => type === "ostler.service.restarted").length === 5, "all came", 30_000);
  assert.deepEqual(
    seen.map(({ sequence }) => Number(sequence)),
    seen.map((_, at) => at + 1),
  );
  await store.close();
});

test("a controller may connect by itself, with the scopes of its token", async () => {
  await using agent = await TestAgent.start(`agent: {data_dir: ./data}
http:
  listen: 127.0.0.1:0
  tokens: [{id: reader, secret: r, scopes: [read]}, {id: writer, secret: w, scopes: [write]}]
services: {web: {command: [sleep, "600"]}}
`);
  const url = `${(await agent.url()).replace("http", "ws")}/v1/stream`;
  await assert.rejects(Host.connect(url), /401/);
  await assert.rejects(Host.connect(url, { token: "wrong" }), /401/);
  await using reader = await Host.connect(url, { token: "r" });
  await using writer = await Host.connect(url, { token: "w" });
  assert.equal(reader.state.services.web?.processes.main?.phase.name, "running");
  await assert.rejects(reader.run("service.restart", { service: "web" }), /needs the scope write/);
  const before = await agent.pidOf("web");
  await writer.run("service.restart", { service: "web" }, { reason: "a test" });
  await assert.rejects(writer.run("config.reload", {}), /needs the scope admin/);
  assert.notEqual(await agent.pidOf("web"), before);
  await reader.waitFor(({ state }) => state.services.web?.processes.main?.restarts === 1);
});

test("what a configured controller may send is decided by its host alone", async () => {
  await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
  await using agent = await TestAgent.start(`
services: {web: {command: [sleep, "600"]}}
controllers: [{url: "ws://127.0.0.1:${controller.port}", token: s, commands: ["service.sto*"]}]
`);
  await until(() => controller.hosts[0]?.connected);
  const host = controller.host("a");
  await assert.rejects(host.run("service.restart", { service: "web" }), /not among the commands this host allows/);
  await host.run("service.stop", { service: "web" });
  assert.equal((await agent.state()).services.web?.processes.main?.phase.name, "stopped");
});

test("controllers that talk nonsense are told, and the agent and the others do not mind", async () => {
  await using agent = await TestAgent.start(`services: {web: {command: [sleep, "600"]}}`);
  await using good = await Host.connect(`ws+unix:${agent.socket}:/v1/stream`, { name: "good" });
  const nonsense: Record<string, { send: (socket: WebSocket) => void; says: RegExp | number }> = {
    garbage: { send: (socket) => socket.send("garbage"), says: /not JSON/ },
    "an array": { send: (socket) => socket.send("[]"), says: /not a JSON object/ },
    "an unknown kind": { send: (socket) => socket.send('{"t":"dance"}'), says: /are not known to this version/ },
    "a wrong field": {
      send: (socket) => socket.send('{"t":"ack","epoch":1,"upto":"x"}'),
      says: /Not a valid ..ack.. frame/,
    },
    "a lie about acks": {
      send: (socket) => socket.send('{"t":"ack","epoch":"nobody","upto":99999999}'),
      says: /never sent on this connection/,
    },
    "a command nobody knows": {
      send: (socket) => socket.send('{"t":"cmd","id":"1","name":"host.explode"}'),
      says: /There is no command ..host\.explode../,
    },
    "a huge frame": { send: (socket) => socket.send("x".repeat(1024 * 1024 + 1)), says: closeCodes.tooBig },
    "a binary frame": { send: (socket) => socket.send(Buffer.from([1, 2, 3])), says: closeCodes.binaryRefused },
  };
  for (const [name, { send, says }] of Object.entries(nonsense)) {
    const peer = await RawController.connect(agent.socket);
    send(peer.socket);
    if (typeof says === "number") await until(() => peer.closedWith === says, `${name} closes with ${says}`);
    else await until(() => says.test(peer.received), `${name} is answered by ${says.source}`);
    peer.socket.terminate();
  }
  assert.equal(good.connected, true);
  assert.equal(good.state.services.web?.ready, true);
  assert.equal(await agent.get("/health"), "OK\n");
});

test("a controller that never acknowledges gets one window, and the agent does not grow", async () => {
  // A heap in which the events that wait would have no room: an agent that kept them would end.
  const options = { env: { NODE_OPTIONS: "--max-old-space-size=48" } };
  await using agent = await TestAgent.start(
    `agent: {data_dir: ./data}
http: {listen: "127.0.0.1:0", tokens: [{id: writer, secret: w, scopes: [admin]}]}
services: {}
`,
    options,
  );
  const { pid } = agent;
  const peer = await RawController.connect(agent.socket, { window: { events: 100, bytes: 1024 * 1024 } });
  await using writer = await Host.connect(`${(await agent.url()).replace("http", "ws")}/v1/stream`, { token: "w" });
  /** Each leaves more than 4 KiB in the journal. */
  const command = (): Promise<unknown> =>
    assert.rejects(
      writer.run("service.stop", { service: "none" }, { reason: "x".repeat(4096) }),
      /There is no service/,
    );
  const commands = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += 16) await Promise.all(Array.from({ length: 16 }, command));
  };
  await commands(1_500);
  const before = residentKiB(pid);
  await commands(12_500);
  const grown = residentKiB(pid) - before;
  assert.ok((await agent.state()).seq >= 28_000);
  assert.equal(agent.pid, pid);
  assert.ok(peer.events <= 100, `${peer.events} events were sent unacknowledged`);
  assert.ok(grown < 40 * 1024, `grown by ${grown} KiB while 50 MiB of events wait for their acknowledgement`);
  peer.socket.terminate();
});

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** The controller's end without the SDK: welcomes the agent, and then does as the test says. */
class RawController {
  readonly socket: WebSocket;
  received = "";
  events = 0;
  closedWith = 0;

  static async connect(path: string, welcome: object = {}): Promise<RawController> {
    const raw = new RawController(new WebSocket(`ws+unix:${path}:/v1/stream`, [subprotocol]));
    await until(() => raw.received.includes('"hello"'));
    const controller = { id: String(Math.random()), name: "raw", version: "0" };
    raw.socket.send(JSON.stringify({ t: "welcome", proto: 1, controller, ...welcome }));
    await until(() => raw.received.includes('"t":"state"'));
    return raw;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", (code) => (this.closedWith = code));
    socket.on("message", (data) => {
      const text = (data as Buffer).toString();
      if (text.startsWith('{"t":"events"')) this.events += (JSON.parse(text) as { events: unknown[] }).events.length;
      else this.received += text;
    });
  }
}
