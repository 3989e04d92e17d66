import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState, OstlerError, type CommandName, type HostEvent, type HostState } from "@ostler/protocol";
import { Bus } from "./bus.js";
import { Dispatcher, type CommandRequest, type Dispatched, type HandlerContext, type Handlers } from "./dispatcher.js";
import { FakeClock } from "../testing/fake-clock.js";

type Work = (args: { service?: string }, context: HandlerContext) => Promise<object>;

/** A dispatcher whose commands all do the same work, the bus it speaks on, and what happened. */
function bench(
  work: Work = async () => ({}),
  state: HostState = initialState("e1"),
  synced = async (): Promise<void> => {},
) {
  const clock = new FakeClock();
  const bus = new Bus({ state, agentId: "a1", clock });
  const story: string[] = [];
  bus.subscribe("story", ({ event }) => {
    if (event.type.startsWith("command.")) story.push(inShort(event as HostEvent));
  });
  const names: CommandName[] = [
    "service.start",
    "service.stop",
    "service.restart",
    "task.run",
    "backup.create",
    "config.reload",
    "config.plan",
  ];
  const handlers = Object.fromEntries(names.map((name) => [name, work])) as unknown as Handlers;
  const dispatcher = new Dispatcher(handlers, { publish: bus.publish, state: () => bus.state, synced, clock });
  return { dispatcher, bus, clock, story };
}

function inShort({ type, data }: HostEvent): string {
  const { id, outcome, code } = data as { id: string; outcome?: string; code?: string };
  return [type.slice("command.".length), id, outcome, code].filter((word) => word !== undefined).join(" ");
}

const request = (id: string, more: Partial<CommandRequest> = {}): CommandRequest => ({
  id,
  name: "service.restart",
  args: { service: "web" },
  actor: { kind: "cli", name: "local" },
  authority: { scopes: ["admin"] },
  ...more,
});

/** Something that a test waits for or lets others wait for. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Everything that can happen without time or I/O has happened. */
const settled = (): Promise<void> => new Promise(setImmediate);

function resultOf(dispatched: Dispatched): ReturnType<Dispatcher["run"]> {
  assert.notEqual(dispatched.status, "rejected");
  return (dispatched as Exclude<Dispatched, { status: "rejected" }>).result;
}

/** How a handler that obeys its signal ends. */
const untilWithdrawn: Work = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("withdrawn"))));

test("a command is accepted, runs and succeeds, and its result names the event that says so", async () => {
  const { dispatcher, bus, story } = bench(async () => ({ changed: 3 }));
  assert.deepEqual(await dispatcher.run(request("1")), { outcome: "succeeded", data: { changed: 3 }, lastSeq: 2 });
  assert.deepEqual(story, ["accepted 1", "finished 1 succeeded"]);
  assert.equal(bus.state.commands["1"]?.lastSeq, 2);
});

test("work that fails may leave something, and so may work that is withdrawn", async () => {
  const leaves: Work = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      const fail = (): void => reject(new OstlerError("failed", "It broke.", { data: { left: 1 } }));
      signal.addEventListener("abort", fail);
      if (!signal.aborted) setImmediate(fail);
    });
  const { dispatcher } = bench(leaves);
  const failed = { outcome: "failed", code: "failed", message: "It broke.", data: { left: 1 }, lastSeq: 2 };
  assert.deepEqual(await dispatcher.run(request("1")), failed);
  const withdrawn = resultOf(await dispatcher.dispatch(request("2")));
  dispatcher.cancel("2");
  const { outcome, code } = await withdrawn;
  assert.deepEqual([outcome, code], ["cancelled", "cancelled"]);
});

test("who asks again gets the whole result, also when it was too large for the state", async () => {
  const large = { text: "x".repeat(10_000) };
  const { dispatcher, bus } = bench(async () => large);
  const first = await dispatcher.run(request("1"));
  assert.equal(bus.state.commands["1"]?.data, undefined);
  const again = await dispatcher.dispatch(request("1"));
  assert.equal(again.status, "duplicate");
  assert.deepEqual(await resultOf(again), first);
});

test("what has a time limit of its own gets none from us, unless the sender sets one", async () => {
  const { dispatcher, clock } = bench(untilWithdrawn);
  const args = { service: "web", task: "backup" };
  const long = resultOf(await dispatcher.dispatch(request("1", { name: "task.run", args })));
  const short = resultOf(await dispatcher.dispatch(request("2", { name: "task.run", args, timeoutMs: 1000 })));
  await settled();
  clock.advance(60 * 60 * 1000);
  dispatcher.cancel("1");
  assert.equal((await long).outcome, "cancelled");
  await settled();
  clock.advance(1000);
  assert.equal((await short).code, "timed-out");
});

test("the work gets the arguments, the sender and the reason", async () => {
  const seen: unknown[] = [];
  const { dispatcher } = bench(async (args, { actor, reason }) => {
    seen.push(args, actor, reason);
    return {};
  });
  await dispatcher.run(request("1", { reason: "new certificate" }));
  assert.deepEqual(seen, [{ service: "web" }, { kind: "cli", name: "local" }, "new certificate"]);
});

const refusals: [string, Partial<CommandRequest>, string][] = [
  ["a command that does not exist", { name: "service.explode" }, "unknown-command"],
  ["a command that needs a reason and has none", { name: "service.isolate" }, "invalid-args"],
  ["a command whose reason says nothing", { name: "service.isolate", reason: " " }, "invalid-args"],
  ["a command that every object has", { name: "constructor" }, "unknown-command"],
  ["a command without its arguments", { args: {} }, "invalid-args"],
  ["a command with an argument that does not exist", { args: { service: "web", force: true } }, "invalid-args"],
  ["a sender without the scope", { authority: { scopes: ["read"] } }, "not-permitted"],
  ["a sender without any scope", { authority: { scopes: [] } }, "not-permitted"],
  [
    "a sender that may send other commands only",
    { authority: { scopes: ["admin"], commands: ["config.*", "service.st*"] } },
    "not-permitted",
  ],
  ["a sender that may send no command", { authority: { scopes: ["admin"], commands: [] } }, "not-permitted"],
];
for (const [who, more, code] of refusals)
  test(`${who} is rejected as ${code}, and nothing runs`, async () => {
    const { dispatcher, story } = bench(() => assert.fail("it ran"));
    const { status, code: told } = (await dispatcher.dispatch(request("1", more))) as { status: string; code?: string };
    assert.deepEqual([status, told], ["rejected", code]);
    assert.deepEqual(story, [`rejected 1 ${code}`]);
  });

test("whoever waits for a rejected command gets the refusal as an error", async () => {
  await assert.rejects(bench().dispatcher.run(request("1", { name: "service.explode" })), { code: "unknown-command" });
});

test("a rejected command may be sent again under its id when it is right", async () => {
  const { dispatcher } = bench();
  await dispatcher.dispatch(request("1", { args: {} }));
  assert.equal((await dispatcher.run(request("1"))).outcome, "succeeded");
});

test("a refusal is short, however much is wrong", async () => {
  const { dispatcher } = bench();
  const args = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`unheard-of-${at}`, 1]));
  const refused = (await dispatcher.dispatch(request("1", { args }))) as Extract<Dispatched, { status: "rejected" }>;
  assert.ok(refused.message.length < 1000);
});

test("a command is acknowledged when it is stored, and not run before", async () => {
  const stored = gate();
  const story: string[] = [];
  const { dispatcher } = bench(
    async () => ({ ran: story.push("ran") }),
    undefined,
    () => stored.opened,
  );
  const acknowledged = dispatcher.dispatch(request("1")).then(({ status }) => story.push(status));
  await settled();
  assert.deepEqual(story, []);
  stored.open();
  await acknowledged;
  await settled();
  assert.deepEqual(story.sort(), ["accepted", "ran"]);
});

test("an id runs once: while it runs, and after, whoever repeats it gets the same result", async () => {
  const done = gate();
  let runs = 0;
  const { dispatcher, story } = bench(async () => {
    await done.opened;
    return { run: ++runs };
  });
  const first = await dispatcher.dispatch(request("1"));
  const meanwhile = await dispatcher.dispatch(request("1"));
  done.open();
  const result = await resultOf(first);
  const after = await dispatcher.dispatch(request("1"));
  assert.deepEqual([first.status, meanwhile.status, after.status], ["accepted", "duplicate", "duplicate"]);
  assert.deepEqual([await resultOf(meanwhile), await resultOf(after)], [result, result]);
  assert.deepEqual([runs, story], [1, ["accepted 1", "finished 1 succeeded"]]);
});

test("an id runs once also when it is sent twice at the same moment", async () => {
  let runs = 0;
  const { dispatcher } = bench(async () => ({ run: ++runs }));
  const both = await Promise.all([dispatcher.run(request("1")), dispatcher.run(request("1"))]);
  assert.deepEqual([runs, both[1]], [1, both[0]]);
});

test("a failed command is not tried again under its id", async () => {
  let runs = 0;
  const { dispatcher } = bench(async () => {
    throw new Error(`failure ${++runs}`);
  });
  const first = await dispatcher.run(request("1"));
  assert.deepEqual(first, { outcome: "failed", code: "internal", message: "failure 1", lastSeq: 2 });
  assert.deepEqual(await dispatcher.run(request("1")), first);
});

test("commands on the same service run one after the other, in the order they came", async () => {
  const gates = { first: gate(), second: gate() };
  const story: string[] = [];
  const { dispatcher } = bench(async (_, { reason }) => {
    story.push(`begin ${reason}`);
    await gates[reason as "first"].opened;
    story.push(`end ${reason}`);
    return {};
  });
  const both = ["first", "second"].map((reason) => dispatcher.run(request(reason, { reason })));
  gates.second.open();
  await settled();
  assert.deepEqual(story, ["begin first"]);
  gates.first.open();
  await Promise.all(both);
  assert.deepEqual(story, ["begin first", "end first", "begin second", "end second"]);
});

test("a command that fails does not hold up the next one on its service", async () => {
  let runs = 0;
  const { dispatcher } = bench(async () => (++runs === 1 ? Promise.reject(new Error("no")) : {}));
  const both = await Promise.all([dispatcher.run(request("1")), dispatcher.run(request("2"))]);
  assert.deepEqual(
    both.map(({ outcome }) => outcome),
    ["failed", "succeeded"],
  );
});

test("commands on different services, and on the agent, run side by side", async () => {
  const running: string[] = [];
  const all = gate();
  const { dispatcher } = bench(async ({ service = "agent" }) => {
    running.push(service);
    await all.opened;
    return {};
  });
  const three = [
    dispatcher.run(request("1", { args: { service: "web" } })),
    dispatcher.run(request("2", { args: { service: "db" } })),
    dispatcher.run(request("3", { name: "config.reload", args: {} })),
  ];
  await settled();
  assert.deepEqual(running.sort(), ["agent", "db", "web"]);
  all.open();
  await Promise.all(three);
});

test("a command that runs can be withdrawn", async () => {
  const { dispatcher, story } = bench(untilWithdrawn);
  const dispatched = await dispatcher.dispatch(request("1"));
  await settled();
  dispatcher.cancel("1");
  assert.equal((await resultOf(dispatched)).code, "cancelled");
  assert.deepEqual(story, ["accepted 1", "finished 1 cancelled cancelled"]);
});

test("a command that is withdrawn while it waits for its turn never runs", async () => {
  const first = gate();
  const ran: string[] = [];
  const { dispatcher, story } = bench(async (_, { reason }) => {
    ran.push(String(reason));
    await first.opened;
    return {};
  });
  const one = await dispatcher.dispatch(request("1", { reason: "one" }));
  const two = await dispatcher.dispatch(request("2", { reason: "two" }));
  dispatcher.cancel("2");
  first.open();
  await Promise.all([resultOf(one), resultOf(two)]);
  assert.deepEqual(ran, ["one"]);
  assert.deepEqual(story.slice(2), ["finished 1 succeeded", "finished 2 cancelled cancelled"]);
});

test("a command that is done before it notices its withdrawal has succeeded", async () => {
  const done = gate();
  const { dispatcher } = bench(async () => {
    await done.opened;
    return {};
  });
  const dispatched = await dispatcher.dispatch(request("1"));
  await settled();
  dispatcher.cancel("1");
  done.open();
  assert.equal((await resultOf(dispatched)).outcome, "succeeded");
});

test("withdrawing what has finished, or was never sent, does nothing", async () => {
  const { dispatcher, story } = bench();
  await dispatcher.run(request("1"));
  dispatcher.cancel("1");
  dispatcher.cancel("2");
  assert.deepEqual(story, ["accepted 1", "finished 1 succeeded"]);
});

for (const timeoutMs of [20, 1001.0000000001, 0.5])
  test(`a command that is not done within ${timeoutMs} ms has failed, and no timer of it is left`, async () => {
    const { dispatcher, clock } = bench(untilWithdrawn);
    const dispatched = await dispatcher.dispatch(request("1", { timeoutMs }));
    await settled();
    clock.advance(timeoutMs);
    const { outcome, code } = await resultOf(dispatched);
    assert.deepEqual([outcome, code, clock.nextMs], ["failed", "timed-out", Infinity]);
  });

test("a command that was done in time leaves no timer behind", async () => {
  const { dispatcher, clock } = bench();
  await dispatcher.run(request("1", { timeoutMs: 60_000 }));
  assert.equal(clock.nextMs, Infinity);
});

test("a command without a time limit of its own has ten minutes", async () => {
  const { dispatcher, clock } = bench(untilWithdrawn);
  const dispatched = await dispatcher.dispatch(request("1"));
  await settled();
  assert.equal(clock.nextMs, 600_000);
  clock.advance(600_000);
  assert.equal((await resultOf(dispatched)).code, "timed-out");
});

test("the time limit begins with the work, not with the wait for its turn", async () => {
  const first = gate();
  const { dispatcher, clock } = bench(async () => {
    await first.opened;
    return {};
  });
  const one = await dispatcher.dispatch(request("1"));
  const two = await dispatcher.dispatch(request("2", { timeoutMs: 1000 }));
  await settled();
  clock.advance(5000);
  first.open();
  assert.deepEqual([(await resultOf(one)).outcome, (await resultOf(two)).outcome], ["succeeded", "succeeded"]);
});

test("a command that expires while it waits for its turn does not run any more", async () => {
  const first = gate();
  const ran: string[] = [];
  const { dispatcher, clock, story } = bench(async (_, { reason }) => {
    ran.push(String(reason));
    await first.opened;
    return {};
  });
  const one = await dispatcher.dispatch(request("1", { reason: "one" }));
  const two = await dispatcher.dispatch(request("2", { reason: "two", expiresMs: clock.now() + 1000 }));
  await settled();
  clock.advance(1001);
  first.open();
  await Promise.all([resultOf(one), resultOf(two)]);
  assert.deepEqual(ran, ["one"]);
  assert.equal(story.at(-1), "finished 2 expired timed-out");
});

test("a command that has begun before it expires goes on", async () => {
  const done = gate();
  const { dispatcher, clock } = bench(async () => {
    await done.opened;
    return {};
  });
  const dispatched = await dispatcher.dispatch(request("1", { expiresMs: clock.now() + 1000 }));
  await settled();
  clock.advance(2000);
  done.open();
  assert.equal((await resultOf(dispatched)).outcome, "succeeded");
});

test("more than 64 open commands are too many; when one has finished there is room again", async () => {
  const all = gate();
  const { dispatcher } = bench(async () => {
    await all.opened;
    return {};
  });
  const results = [];
  for (let at = 0; at < 64; at++)
    results.push(resultOf(await dispatcher.dispatch(request(`${at}`, { args: { service: `s${at}` } }))));
  await assert.rejects(dispatcher.run(request("more")), { code: "busy" });
  // What is due by itself does not compete with people.
  const due = await dispatcher.dispatch(request("due", { actor: { kind: "policy", name: "backup-on-schedule" } }));
  assert.equal(due.status, "accepted");
  all.open();
  await Promise.all(results);
  assert.equal((await dispatcher.run(request("again"))).outcome, "succeeded");
});

test("when the agent stops, what runs and what waits is interrupted, and nothing new begins", async () => {
  const { dispatcher, story } = bench(untilWithdrawn);
  const one = await dispatcher.dispatch(request("1"));
  const two = await dispatcher.dispatch(request("2"));
  await settled();
  await dispatcher[Symbol.asyncDispose]();
  assert.deepEqual(story.slice(2), ["finished 1 interrupted interrupted", "finished 2 interrupted interrupted"]);
  assert.deepEqual([(await resultOf(one)).code, (await resultOf(two)).code], ["interrupted", "interrupted"]);
  await assert.rejects(dispatcher.run(request("3")), { code: "cancelled" });
  await dispatcher[Symbol.asyncDispose]();
});

test("what an agent before had begun is interrupted by the next one, told once, and not run again", async () => {
  const { bus } = bench();
  bus.publish({
    type: "command.accepted",
    data: { id: "old", name: "service.restart", args: {}, actor: { kind: "cli", name: "local" } },
  });
  const next = bench(() => assert.fail("it ran"), bus.state);
  assert.deepEqual(next.story, ["finished old interrupted interrupted"]);
  const { status, result } = (await next.dispatcher.dispatch(request("old"))) as Exclude<
    Dispatched,
    { status: "rejected" }
  >;
  assert.deepEqual([status, (await result).outcome], ["duplicate", "interrupted"]);
  assert.deepEqual(bench(undefined, next.bus.state).story, []);
});

test("the result of a command outlives the agent that ran it", async () => {
  const { dispatcher, bus } = bench(async () => ({ changed: 3 }));
  const result = await dispatcher.run(request("1"));
  const next = bench(() => assert.fail("it ran"), bus.state);
  assert.deepEqual(await next.dispatcher.run(request("1")), result);
});

test("an id that every object has is an id like any other", async () => {
  const { dispatcher } = bench();
  for (const id of ["constructor", "__proto__"]) {
    assert.equal((await dispatcher.dispatch(request(id))).status, "accepted");
    await settled();
    assert.equal((await dispatcher.dispatch(request(id))).status, "duplicate");
  }
});

test("a backup holds up no command on its service, but the next backup of it", async () => {
  const story: string[] = [];
  const all = gate();
  const { dispatcher } = bench(async (_, { reason = "" }) => {
    story.push(reason);
    if (reason === "first backup") await all.opened;
    return {};
  });
  const backup = { name: "backup.create", args: { service: "web", backup: "data" } };
  const first = dispatcher.run(request("1", { ...backup, reason: "first backup" }));
  const second = dispatcher.run(request("2", { ...backup, reason: "second backup" }));
  await dispatcher.run(request("3", { reason: "restart" }));
  assert.deepEqual(story, ["first backup", "restart"]);
  all.open();
  await Promise.all([first, second]);
  assert.deepEqual(story, ["first backup", "restart", "second backup"]);
});

test("while something is done with a service as a command would, commands on it wait, also when it fails", async () => {
  const story: string[] = [];
  const all = gate();
  const { dispatcher } = bench(async (_, { reason = "" }) => {
    story.push(reason);
    return {};
  });
  const held = dispatcher.withService("web", async () => {
    await all.opened;
    story.push("held");
    throw new Error("no");
  });
  const restarted = dispatcher.run(request("1", { reason: "restart" }));
  await dispatcher.run(request("2", { reason: "other", args: { service: "db" } }));
  assert.deepEqual(story, ["other"]);
  all.open();
  await assert.rejects(held, /no/);
  await restarted;
  assert.deepEqual(story, ["other", "held", "restart"]);
});
