import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventData, HostEvent } from "@ostler/protocol";
import { coreOf } from "../../platform/core-file.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { Dossier, type DossierDeps } from "./dossier.js";
import { SettledRuns } from "./settled-runs.js";

type Crash = EventData<"service.crashed">;

const fail = (reason?: string): never => assert.fail(reason);

/** A dossier on a real bus; `crashes` are those that were told. */
function listening(more: Partial<DossierDeps> = {}) {
  const dir = tempDir();
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  const dossier = new Dossier({
    publish: bus.publish,
    clock,
    spools: dir.path,
    cwdOf: () => dir.path,
    outputOf: () => undefined,
    peaksOf: () => undefined,
    begunOf: () => undefined,
    settledRuns: new SettledRuns(dir.at("settled.json"), { degraded: fail, recovered: fail }),
    secrets: () => [],
    ...more,
  });
  bus.subscribe("dossier", dossier.follow);
  return {
    dir,
    clock,
    live: (...story: HostEvent[]) => story.forEach((event) => bus.publish(event)),
    crashes: async (): Promise<Crash[]> => {
      await new Promise(setImmediate);
      return seen.flatMap(({ event }) => (event.type === "service.crashed" ? [event.data as Crash] : []));
    },
    [Symbol.dispose]: () => {
      dossier[Symbol.dispose]();
      dir[Symbol.dispose]();
    },
  };
}

const settled: HostEvent = { type: "service.settled", data: { service: "web", process: "main", run: 1 } };
const applied = (hash: string, ...paths: string[]): HostEvent => ({
  type: "config.applied",
  data: { file: "f", hash, changes: paths.map((path) => ({ path, change: "changed", effect: "live" })) },
});
const ended = (more: Partial<EventData<"service.exited">>): HostEvent => {
  const event = exited("web");
  return { ...event, data: { ...event.data, ...more } } as HostEvent;
};

test("a crash is told with the last lines of both streams, without secrets", async () => {
  using agent = listening({ secrets: () => ["hunter2"] });
  agent.dir.write("web.main.stdout", Array.from({ length: 30 }, (_, at) => `line ${at}\n`).join(""));
  agent.dir.write("web.main.stderr", "token hunter2 is wrong\n");
  agent.live(configured("web"), started("web"), exited("web"));
  const [crash] = await agent.crashes();
  assert.deepEqual([crash?.output.stdout.length, crash?.output.stdout.at(-1)], [20, "line 29"]);
  assert.match(crash?.output.stderr.join("") ?? "", /^token \S+ is wrong$/);
  assert.ok(!JSON.stringify(crash).includes("hunter2"));
});

test("only the output of the run itself is its last words", async () => {
  using agent = listening({ outputOf: () => ({ from: { stdout: 0, stderr: 4 }, to: { stdout: 0, stderr: 9 } }) });
  agent.dir.write("web.main.stderr", "old\nmine\nnext\n");
  agent.live(configured("web"), started("web"), exited("web"));
  assert.deepEqual((await agent.crashes())[0]?.output, { stdout: [], stderr: ["mine"] });
});

test("an end that was wanted, or is clean, is no crash; one because of bad health is", async () => {
  using agent = listening();
  agent.live(configured("web"), started("web"));
  agent.live(ended({ expected: true, cause: "signal" }), ended({ cause: "clean" }));
  assert.deepEqual(await agent.crashes(), []);
  agent.live(ended({ expected: true, cause: "watchdog" }));
  assert.equal((await agent.crashes())[0]?.cause, "watchdog");
});

test("what changed since the process last ran well is told, of its own service", async () => {
  using agent = listening();
  agent.live(configured("web"), applied("one"), started("web"), settled);
  agent.live(applied("two", "services.web.env.PORT", "services.db.env.PORT"), exited("web"));
  const { changed } = (await agent.crashes())[0] ?? {};
  assert.deepEqual([changed?.config, changed?.settings], [true, ["services.web.env.PORT"]]);
});

test("a process that settled with a change has run well with it", async () => {
  using agent = listening();
  agent.live(configured("web"), started("web"), applied("two", "services.web.env.PORT"), settled, exited("web"));
  assert.deepEqual((await agent.crashes())[0]?.changed?.config, false);
  assert.deepEqual((await agent.crashes())[0]?.changed?.settings, []);
});

test("a process that never ran well has nothing to compare with", async () => {
  using agent = listening();
  agent.live(configured("web"), started("web"), exited("web"));
  assert.equal((await agent.crashes())[0]?.changed, undefined);
});

test("what happened in the minute before is told: to the service, the agent and the configuration", async () => {
  using agent = listening();
  agent.live(configured("web"), configured("db"), started("web"));
  agent.clock.advance(50_000);
  agent.live(applied("two"), started("db"));
  agent.clock.advance(20_000);
  agent.live(exited("web"));
  assert.deepEqual(
    (await agent.crashes())[0]?.before.map(({ type }) => type),
    ["config.applied"],
  );
});

test("the most it used is told, when it was measured in this run", async () => {
  const peaks = { residentBytes: 1024, threads: 3 };
  for (const [run, expected] of [
    [1, peaks],
    [7, undefined],
  ] as const) {
    using agent = listening({ peaksOf: () => ({ run, ...peaks }) });
    agent.live(configured("web"), started("web"), exited("web"));
    assert.deepEqual((await agent.crashes())[0]?.peaks, expected);
  }
});

test("a core that was dumped is where the host's kernel puts it", async () => {
  using agent = listening();
  const core = coreOf({ pid: 4242, cwd: agent.dir.path, endedMs: Date.now() });
  agent.live(configured("web"), started("web"));
  agent.live(ended({ cause: "core-dump", exit: { kind: "signal", signal: "SIGSEGV", core: true } }), ended({}));
  assert.deepEqual(
    (await agent.crashes()).map((crash) => crash.core),
    [core, undefined],
  );
});
