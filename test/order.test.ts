import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const oneShot = fixture("one-shot.sh");

/** A database that is ready when somebody says so, a migration after it, and a server after both. */
const shop = (more = "", code = "0"): string => `
services:
  shop:
    restart: {backoff: {initial: 20ms, max: 20ms}, crash_loop: {window: 0s}}
    processes:
      web: {command: [sleep, "1000"], after: [db: ready, migrate: completed]${more}}
      migrate: {command: [${oneShot}, migrated, DIR/work, "", "${code}"], type: oneshot, after: [db: ready]}
      db: {command: [sleep, "1000"]}
    checks: [{name: open, kind: exec, command: [sh, -c, "test -e DIR/open || exit 2"], every: 200ms, process: db}]
`;

const open = (agent: TestAgent): void => writeFileSync(join(agent.directory, "open"), "");

const phase = async (agent: TestAgent, process: string): Promise<string | undefined> =>
  (await agent.state()).services.shop?.processes[process]?.phase.name;

/** What happened to the processes, as `process: event`, of the events that are asked for. */
async function story(agent: TestAgent, ...types: string[]): Promise<string[]> {
  const events = await agent.events("service.*");
  return events.flatMap(({ type, data }: Envelope) => {
    const short = type.slice("ostler.service.".length);
    return types.includes(short) && typeof data.process === "string" ? [`${data.process} ${short}`] : [];
  });
}

test("processes start when what they come after has come so far, and say what they wait for until then", async () => {
  await using agent = await TestAgent.start(shop());
  await until(async () => (await phase(agent, "web")) === "deferred", "web waits");
  const why = (await agent.ostler("why", "shop")).stdout;
  assert.match(
    why,
    /web: It waits for db to be ready and migrate to be completed; rule: services\.shop\.processes\.web\.after/,
  );
  assert.match(why, /migrate: It waits for db to be ready/);
  assert.match((await agent.ostler("status", "shop")).stdout, /web +deferred/);
  open(agent);
  await agent.ready("shop");
  const happened = await until(async () => {
    const seen = await story(agent, "started", "completed");
    return seen.length === 4 ? seen : undefined;
  }, "all of it is stored");
  assert.deepEqual(happened, ["db started", "migrate started", "migrate completed", "web started"]);
});

test("they stop in the opposite order, each after those that need it are gone", async () => {
  const slow = `, command: [sh, -c, 'trap "sleep 0.2; exit 0" TERM; while :; do sleep 0.05; done']`;
  await using agent = await TestAgent.start(
    shop().replace(`command: [sleep, "1000"], after`, `${slow.slice(2)}, after`),
  );
  open(agent);
  await agent.ready("shop");
  assert.equal((await agent.ostler("stop", "shop")).code, 0);
  assert.deepEqual(await story(agent, "signalled", "exited", "stopped"), [
    "migrate exited",
    "migrate stopped",
    "web signalled",
    "web exited",
    "web stopped",
    "db signalled",
    "db exited",
    "db stopped",
  ]);
});

test("a restart of the service takes all of it down before anything of it comes back, and migrates again", async () => {
  await using agent = await TestAgent.start(shop());
  open(agent);
  await agent.ready("shop");
  assert.equal((await agent.ostler("restart", "shop")).code, 0);
  assert.deepEqual((await story(agent, "started", "restarted", "exited")).slice(4), [
    "web exited",
    "db exited",
    "db restarted",
    "migrate restarted",
    "migrate exited",
    "web restarted",
  ]);
  assert.equal(readFileSync(join(agent.directory, "work"), "utf8"), "migrated\nmigrated\n");
});

test("processes that need nothing of each other start and stop at the same time", async () => {
  /** Begins when the other one has begun, and ends when the other one is to end: one after the other would never come to it. */
  const pair = (own: string, other: string): string => {
    const meet = (what: string): string =>
      `touch DIR/${own}-${what}; until [ -e DIR/${other}-${what} ]; do sleep 0.02; done`;
    return `{command: [sh, -c, 'trap "${meet("ends")}; exit 0" TERM; ${meet("runs")}; touch DIR/${own}; while :; do sleep 0.05; done']}`;
  };
  await using agent = await TestAgent.start(`
services:
  shop: {processes: {left: ${pair("left", "right")}, right: ${pair("right", "left")}}}
`);
  await until(() => ["left", "right"].every((name) => existsSync(join(agent.directory, name))), "both have begun");
  assert.equal((await agent.ostler("stop", "shop")).code, 0);
  assert.deepEqual(await agent.events("service.killed"), []);
});

test("what waits for something that fails does not start, and whoever starts it is told why", async () => {
  await using agent = await TestAgent.start(shop("", "7"));
  open(agent);
  await until(async () => (await agent.events("service.exited")).length > 1, "the migration is tried again");
  assert.equal(await phase(agent, "web"), "deferred");
  const started = await agent.ostler("start", "shop");
  assert.equal(started.code, 1);
  assert.match(started.stderr, /migrate" is waiting: it exited with code 7/);
  assert.equal((await story(agent, "started", "restarted")).includes("web started"), false);
});

test("a process that was started by its name brings what it needs with it", async () => {
  await using agent = await TestAgent.start(shop());
  open(agent);
  await agent.ready("shop");
  await agent.ostler("stop", "shop");
  assert.equal((await agent.ostler("start", "shop/web")).code, 0);
  await agent.ready("shop");
});

test("a start of a service leaves alone what has been done in it, and does it again when nothing of it ran", async () => {
  await using agent = await TestAgent.start(shop());
  open(agent);
  await agent.ready("shop");
  const work = (): string => readFileSync(join(agent.directory, "work"), "utf8");
  assert.equal((await agent.ostler("start", "shop")).code, 0);
  assert.equal(work(), "migrated\n");
  await agent.ostler("stop", "shop");
  assert.equal((await agent.ostler("start", "shop")).code, 0);
  assert.equal(work(), "migrated\nmigrated\n");
});

test("a killed agent leaves the order to the next one: what was done is done, what waited waits", async () => {
  await using agent = await TestAgent.start(
    shop().replace("db: {command", "late: {command: [sleep, '1000'], after: [web: ready]}\n      db: {command"),
  );
  await until(async () => (await phase(agent, "late")) === "deferred", "the last one waits");
  await agent.end("SIGKILL");
  await agent.run();
  await until(async () => (await phase(agent, "web")) === "deferred", "web waits again");
  open(agent);
  await agent.ready("shop");
  await agent.end("SIGKILL");
  await agent.run();
  await agent.ready("shop");
  assert.equal(readFileSync(join(agent.directory, "work"), "utf8"), "migrated\n");
});

test("a process that crashes waits again for what it needs, when that is not there", async () => {
  await using agent = await TestAgent.start(shop());
  open(agent);
  await agent.ready("shop");
  const web = await agent.pidOf("shop", "web");
  await agent.ostler("stop", "shop/db");
  kill(web);
  await until(async () => (await phase(agent, "web")) === "deferred", "web waits for its database");
  assert.equal((await agent.ostler("start", "shop/db")).code, 0);
  await agent.ready("shop");
});

test("an order that changes with a reload restarts nothing, and holds from the next start on", async () => {
  await using agent = await TestAgent.start(shop());
  open(agent);
  await agent.ready("shop");
  const web = await agent.pidOf("shop", "web");
  agent.configure(shop().replace("db: ready, migrate: completed", "migrate: completed"));
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.equal(await agent.pidOf("shop", "web"), web);
  await agent.ostler("stop", "shop/db");
  kill(web);
  await until(async () => (await agent.pidOf("shop", "web")) !== web, "web runs without its database");
});

test("a process that was isolated with its service comes back in order when that is released", async () => {
  await using agent = await TestAgent.start(shop());
  open(agent);
  await agent.ready("shop");
  assert.equal((await agent.ostler("isolate", "shop", "--reason", "odd")).code, 0);
  assert.equal((await agent.ostler("release", "shop")).code, 0);
  await agent.ready("shop");
  const again = await until(async () => {
    const seen = (await story(agent, "started")).slice(3);
    return seen.length === 3 ? seen : undefined;
  }, "all of it is stored");
  assert.deepEqual(again, ["db started", "migrate started", "web started"]);
});
