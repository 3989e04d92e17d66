import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeEnvelope, hashOf, initialState, seqOf, type Envelope, type HostState } from "@ostler/protocol";
import { Controller, Host, memoryStore, OstlerError, tokens } from "@ostler/sdk";
import { FakeAgent, type FakeCommand } from "@ostler/sdk/testing";
import { fixture, TestAgent } from "./helpers/agent.js";
import { Relay } from "./helpers/relay.js";
import { until } from "./helpers/until.js";
import { Wire } from "./helpers/wire.js";

/** What a controller may rely on, whichever agent it talks to: the real one, and the one its author tests against. */

type Subject = AsyncDisposable & {
  /** Where a controller connects to, with the token `s`. */
  url: string;
  state: () => Promise<HostState>;
  /** Lets something happen on the host. */
  happen: () => Promise<void>;
};

type Kind = { listening: () => Promise<Subject>; dialing: (url: string) => Promise<Subject> };

const service = `services:
  web: {command: [node, ${fixture("http.mjs")}, "DIR/port"]}
`;

async function realAgent(config: string): Promise<Subject> {
  const agent = await TestAgent.start(`agent: {data_dir: ./data}\n${config}\n${service}`);
  await agent.ready("web");
  const happen = async (): Promise<void> => {
    const { seq } = await agent.state();
    agent.signal("SIGHUP");
    await until(async () => (await agent.state()).seq > seq + 1, "the reload is over");
  };
  const url = `${(await agent.url()).replace(/^http/, "ws")}/v1/stream`;
  return { url, happen, state: () => agent.state(), [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

function fakeSubject(agent: FakeAgent): Subject {
  const data = { file: "", hash: "h", changes: [] };
  agent.publish({ type: "service.configured", data: { service: "web", processes: ["main"], checks: [] } });
  const happen = async (): Promise<void> => {
    agent.publish({ type: "config.applied", data });
    agent.publish({ type: "service.ready", data: { service: "web" } });
  };
  const { url } = agent;
  return { url, happen, state: async () => agent.state, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

/** The commands as the real agent takes them. */
function onCommand({ name, args }: FakeCommand): unknown {
  if (name === "config.plan") return { hash: "h", changes: [] };
  if (name !== "service.restart") throw new OstlerError("unknown-command", `There is no command "${name}".`);
  if (args.service !== "web") throw new OstlerError("not-found", `There is no service ${String(args.service)}.`);
  return {};
}

const kinds: Record<string, Kind> = {
  "the real agent": {
    listening: () => realAgent('http: {listen: "127.0.0.1:0", tokens: [{id: control, secret: s, scopes: [admin]}]}'),
    dialing: (url) =>
      realAgent(`http: {listen: "127.0.0.1:0"}\ncontrollers: [{url: "${url}", token: s, commands: ["*"]}]`),
  },
  "the fake agent": {
    listening: async () => fakeSubject(await FakeAgent.listen({ token: "s", onCommand })),
    dialing: async (url) => fakeSubject(await FakeAgent.connect(url, { token: "s", onCommand })),
  },
};

function seqs(events: readonly Envelope[]): number[] {
  return events.map(seqOf);
}

/** Numbers that follow one another, from the first to the last of these. */
function contiguous(numbers: readonly number[]): number[] {
  return numbers.map((_, at) => (numbers[0] ?? 0) + at);
}

function fails(code: string): (failure: unknown) => boolean {
  return (failure) => failure instanceof OstlerError && failure.code === code;
}

for (const [name, { listening, dialing }] of Object.entries(kinds))
  suite(name, () => {
    test("says hello with its identity, its session and what its journal holds", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      const hello = await wire.welcome();
      const state = await agent.state();
      assert.deepEqual(hello.proto, [1]);
      assert.equal(hello.agent.id, state.agent.id);
      assert.equal(hello.session, state.agent.session);
      assert.equal(hello.stream.epoch, state.epoch);
      assert.ok(hello.stream.first === 1 && hello.stream.next <= state.seq + 1 && hello.stream.acked === 0);
    });

    test("lets nobody in without the token", async () => {
      await using agent = await listening();
      await assert.rejects(Wire.connect(agent.url, "wrong"), /401/);
    });

    test("sends the whole state after the welcome, and again when it is asked", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      await wire.welcome();
      for (let n = 0; n < 2; n++) {
        const { full, hash, at_seq } = await wire.next("state");
        assert.equal(hashOf(full), hash);
        assert.equal((full as HostState).seq, at_seq);
        wire.send({ t: "want_state" });
      }
    });

    test("sends CloudEvents from the first on, each once and in order", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      const { stream } = await wire.welcome();
      await wire.received(stream.next - 1);
      await agent.happen();
      const last = (await agent.state()).seq;
      await until(() => seqs(wire.events).includes(last), "the last event has come");
      assert.deepEqual(seqs(wire.events), contiguous([1, ...seqs(wire.events).slice(1)]));
      for (const event of wire.events) {
        assert.equal(decodeEnvelope(event).id, `${stream.epoch}-${seqOf(event)}`);
        assert.equal(event.source, `/agents/${(await agent.state()).agent.id}`);
      }
    });

    test("sends again what was not acknowledged, and not what was", async () => {
      await using agent = await listening();
      const firsts: number[] = [];
      for (const upto of [undefined, 2, 1]) {
        await using wire = await Wire.connect(agent.url, "s");
        const { stream } = await wire.welcome();
        firsts.push(seqs(await wire.received(1))[0] ?? 0);
        if (upto === undefined) continue;
        wire.send({ t: "ack", epoch: stream.epoch, upto: seqs(wire.events)[0] });
        wire.send({ t: "config_offer" });
        await wire.next("error"); // The acknowledgement was handled before.
      }
      assert.deepEqual(firsts, [1, 1, 2]);
    });

    test("goes on where the controller wants, through any number of connections", async () => {
      await using agent = await listening();
      const seen: number[] = [];
      let epoch: string | undefined;
      for (let round = 0; round < 5; round++) {
        await using wire = await Wire.connect(agent.url, "s");
        const resume = { ...(epoch === undefined ? {} : { epoch }), from: seen.length + 1 };
        epoch = (await wire.welcome({ resume })).stream.epoch;
        await agent.happen();
        await wire.received(2);
        seen.push(...seqs(wire.events));
      }
      assert.deepEqual(seen, contiguous(seen));
      assert.equal(seen[0], 1);
    });

    test("tells whoever knows another journal, and begins with the first event", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      await wire.welcome({ resume: { epoch: "another", from: 41 } });
      const gap = await wire.next("gap");
      assert.deepEqual({ epoch: gap.epoch, reason: gap.reason }, { epoch: "another", reason: "epoch" });
      assert.equal(seqs(await wire.received(1))[0], 1);
    });

    test("sends no more than the window without an acknowledgement", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      const { stream } = await wire.welcome({ window: { events: 2, bytes: 65_536 } });
      await agent.happen();
      for (let upto = 2; upto <= 6; upto += 2) {
        await wire.received(upto);
        if (upto > (await agent.state()).seq - 2) break;
        assert.equal(wire.events.length, upto);
        wire.send({ t: "ack", epoch: stream.epoch, upto });
      }
    });

    test("answers what it does not understand, and stays", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      const { stream } = await wire.welcome();
      wire.send({ t: "config_offer", body: "" });
      assert.equal((await wire.next("error")).code, "unknown-kind");
      wire.send({ t: "ack", epoch: stream.epoch, upto: 999_999 });
      assert.equal((await wire.next("error")).code, "bad-request");
      wire.send({ t: "want_state" });
      await wire.next("state");
    });

    test("runs a command once for each id, and has the same result for whoever asks again", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      await wire.welcome();
      const command = { t: "cmd", id: "k", name: "config.plan", args: {} };
      wire.send(command);
      assert.equal((await wire.next("cmd_ack")).status, "accepted");
      const result = await wire.next("cmd_result");
      wire.send(command);
      assert.equal((await wire.next("cmd_ack")).status, "duplicate");
      assert.deepEqual(await wire.next("cmd_result"), result);
    });

    test("tells the story of a command before the event that its result names", async () => {
      await using agent = await listening();
      await using wire = await Wire.connect(agent.url, "s");
      await wire.welcome();
      wire.send({ t: "cmd", id: "k", name: "service.restart", args: { service: "web" } });
      const { last_seq } = await wire.next("cmd_result");
      await until(() => seqs(wire.events).includes(last_seq), "the last event of the story has come");
      const types = wire.events.slice(0, last_seq).map(({ type }) => type);
      assert.ok(types.includes("ostler.command.accepted"));
      assert.equal(types.at(-1), "ostler.command.finished");
    });

    test("has the same state in the SDK as on the host, whatever happens", async () => {
      await using agent = await listening();
      await using host = await Host.connect(agent.url, { token: "s" });
      for (let round = 0; round < 3; round++) {
        await agent.happen();
        await until(async () => hashOf(host.state) === hashOf(await agent.state()), "the states are the same");
      }
      assert.notDeepEqual(host.state, initialState(host.state.epoch));
    });

    test("loses and repeats nothing for the SDK when the network fails", async () => {
      await using agent = await listening();
      await using relay = await Relay.start(agent.url);
      const store = memoryStore();
      await using host = await Host.connect(relay.url, { token: "s", name: "a", store });
      for (let round = 0; round < 2; round++) {
        relay.drop();
        await host.waitFor(({ connected }) => !connected);
        await agent.happen();
        await host.waitFor(({ connected }) => connected);
        await agent.happen();
      }
      const last = (await agent.state()).seq;
      await until(async () => ((await store.positions()).get("a")?.seq ?? 0) >= last, "all events are stored");
      const stored: Envelope[] = [];
      for await (const { event } of store.read("a", 0)) stored.push(event);
      assert.deepEqual(seqs(stored), contiguous(seqs(stored)));
      await until(async () => hashOf(host.state) === hashOf(await agent.state()), "the states are the same");
    });

    test("gives the SDK the data of a command, or its error", async () => {
      await using agent = await listening();
      await using host = await Host.connect(agent.url, { token: "s" });
      assert.deepEqual((await host.run("config.plan", {})).changes, []);
      await host.run("service.restart", { service: "web" });
      await assert.rejects(host.run("service.restart", { service: "nowhere" }), fails("not-found"));
      await assert.rejects(host.run("host.explode" as "config.plan", {}), fails("unknown-command"));
    });

    test("does all of it for a controller that it connects to by itself, too", async () => {
      await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
      await using agent = await dialing(`ws://127.0.0.1:${controller.port}`);
      await until(() => controller.hosts.some(({ connected }) => connected), "it connects");
      const host = controller.host("a");
      await agent.happen();
      await until(async () => hashOf(host.state) === hashOf(await agent.state()), "the states are the same");
      assert.deepEqual((await host.run("config.plan", {})).changes, []);
      await assert.rejects(host.run("service.restart", { service: "nowhere" }), fails("not-found"));
      const stored: Envelope[] = [];
      for await (const { event } of controller.events({ from: "stored" })) if (stored.push(event) === 3) break;
      assert.deepEqual(seqs(stored), [1, 2, 3]);
    });
  });
