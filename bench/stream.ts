// How many events a second one agent's sessions hand to one controller that acknowledges them: journal on disk, a real WebSocket, the
// SDK with a memory store, each end in a process of its own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands, initialState } from "@ostler/protocol";
import { Controller, memoryStore, tokens } from "@ostler/sdk";
import { median, report, root, Workplace } from "./helpers/bench.js";

const total = 200_000;
const rounds = 5;
const self = fileURLToPath(import.meta.url);

if (process.argv[2] === "agent") await beAgent(Number(process.argv[3]));
else await beController();

/** The controller: counts what is stored and acknowledged. */
async function beController(): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const controller = await Controller.listen({
      port: 0,
      auth: tokens({ a: "s" }),
      store: memoryStore({ maxEvents: 1000 }),
    });
    const agent = fork(self, ["agent", String(controller.port)]);
    const [{ seconds }] = (await once(agent, "message")) as [{ seconds: number }];
    rates.push(total / seconds);
    await once(agent, "exit");
    await controller[Symbol.asyncDispose]();
  }
  report(`one agent to one controller, ${total.toLocaleString("en")} events, acknowledged`, [
    ["events/s, median", median(rates)],
    ["events/s, worst", Math.min(...rates)],
  ]);
}

/** The agent's side: a journal full of events, and the session that empties it. Tells how long it took until all were acknowledged. */
async function beAgent(port: number): Promise<void> {
  const inside = (path: string): Promise<unknown> => import(join(root, "packages/agent/dist", path));
  const { Bus } = (await inside("core/bus.js")) as typeof import("../packages/agent/dist/core/bus.js");
  const { Journal } = (await inside(
    "core/journal/journal.js",
  )) as typeof import("../packages/agent/dist/core/journal/journal.js");
  const { Cursors } = (await inside(
    "core/journal/cursors.js",
  )) as typeof import("../packages/agent/dist/core/journal/cursors.js");
  const { systemClock: clock } = (await inside(
    "core/clock.js",
  )) as typeof import("../packages/agent/dist/core/clock.js");
  const { openDisk } = (await inside("platform/disk.js")) as typeof import("../packages/agent/dist/platform/disk.js");
  const { Dispatcher } = (await inside(
    "core/dispatcher.js",
  )) as typeof import("../packages/agent/dist/core/dispatcher.js");
  const { Controllers } = (await inside(
    "sinks/controllers/controllers.js",
  )) as typeof import("../packages/agent/dist/sinks/controllers/controllers.js");

  await using place = new Workplace();
  const degraded = (reason: string): void => console.error(reason);
  const { journal } = await Journal.open({
    disk: openDisk(place.path("journal")),
    limits: { maxBytes: 1024 ** 3, maxAgeMs: 1e9 },
    clock,
    newEpoch: () => "bench",
    sample: () => {},
    degraded,
    recovered: () => {},
  });
  const cursors = await Cursors.open({ disk: openDisk(place.path("cursors")), clock, degraded });
  const bus = new Bus({ state: initialState("bench"), agentId: "bench", clock });
  bus.subscribe("journal", journal.record);
  for (let at = 0; at < total; at++) {
    bus.publish({
      type: "check.passed",
      data: { service: "web", check: `check-${at % 10}`, role: "readiness", tookMs: 1.5 },
    });
    if (at % 1000 === 0) await journal.synced(bus.state.seq);
  }
  await journal.synced(bus.state.seq);
  const nothing = async (): Promise<never> => Promise.reject(new Error("not here"));
  const handlers = Object.fromEntries(
    Object.keys(commands).map((name) => [name, nothing]),
  ) as unknown as ConstructorParameters<typeof Dispatcher>[0];
  const dispatcher = new Dispatcher(handlers, {
    publish: bus.publish,
    state: () => bus.state,
    synced: (seq) => journal.synced(seq),
    clock,
  });
  const startMs = performance.now();
  const deps = {
    publish: bus.publish,
    clock,
    random: Math.random,
    state: () => bus.state,
    journal,
    cursors,
    dispatcher,
    logs: nothing as never,
    lagMs: () => 0,
  };
  const controllers = new Controllers([{ url: `ws://127.0.0.1:${port}`, token: "s", commands: [] }], deps);
  while (cursors.get(`127-0-0-1-${port}`, "bench") < total) await new Promise((resolve) => setTimeout(resolve, 1));
  process.send?.({ seconds: (performance.now() - startMs) / 1000 });
  await controllers[Symbol.asyncDispose]();
  await cursors[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
  process.disconnect();
}
