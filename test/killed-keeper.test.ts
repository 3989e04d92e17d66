import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { kill, TestAgent } from "./helpers/agent.js";
import { sightingsOf } from "./helpers/sightings.js";
import { until } from "./helpers/until.js";

/**
 * The half of a keeper that becomes the service: it has the keeper's arguments until then. This one waits for a word, which
 * makes the moment between the keeper's fork and its record as long as a test needs it.
 */
const half = `until [ -e "$3" ]; do sleep 0.01; done
read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ ticks _ </proc/self/stat
true >"$1.started.$pid.$ticks"
export OSTLER_RUN="$2"
exec sleep 600`;

function endedAfterwards(child: ChildProcess): Disposable & { pid: number; end: () => void } {
  const end = (): void => void child.kill("SIGKILL"); // Without effect on one that has ended, whoever has its pid now.
  return { pid: child.pid ?? 0, end, [Symbol.dispose]: end };
}

/** An agent whose service `web` has run once and is stopped, and whose next keeper gets no further than its claim. */
async function withStuckKeeper(): Promise<AsyncDisposable & { agent: TestAgent; id: string; run: string }> {
  const agent = await TestAgent.start(`services: {web: {command: [sleep, "600"], restart: {backoff: {initial: 0s}}}}`);
  const { data } = agent.place;
  const id = readFileSync(join(data, "agent.id"), "utf8").trim();
  await agent.pidOf("web");
  await agent.ostler("stop", "web");
  const [boot = ""] = readdirSync(join(data, "runs"));
  const run = join(data, "runs", boot, "web.main.2");
  assert.equal(spawnSync("mkfifo", [`${run}.claimed`]).status, 0); // Nobody reads it: whoever opens it waits.
  return { agent, id, run, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

/** Pids of the keepers of a run, and of what has their arguments. */
function keepersOf(id: string, run: string): number[] {
  const { keepers } = sightingsOf(id, join(run, "../../.."));
  return keepers.flatMap((one) => (one.run === basename(run) ? [one.pid] : []));
}

test("a keeper that is killed while its service begins makes no second copy of it", async () => {
  await using host = await withStuckKeeper();
  const { agent, id, run } = host;
  const started = agent.ostler("start", "web");
  const keeper = await until(() => keepersOf(id, run)[0], "the keeper claims");
  const go = join(agent.directory, "go");
  const words = ["-c", half, "ostler-keeper", run, `${id}/web/main/2`, go];
  using other = endedAfterwards(spawn("sh", words, { detached: true, stdio: "ignore" }));
  await until(() => keepersOf(id, run).includes(other.pid), "its other half lives");
  kill(keeper);
  await until(() => !keepersOf(id, run).includes(keeper), "the keeper is gone");
  writeFileSync(go, "");
  assert.equal((await started).code, 0);
  assert.equal(await agent.pidOf("web"), other.pid);
  assert.deepEqual(agent.servicePids(), [other.pid]);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
  assert.deepEqual(await agent.events("service.start-failed"), []);
});

test("a keeper whose two halves are killed is told, and the service is started anew", async () => {
  await using host = await withStuckKeeper();
  const { agent, id, run } = host;
  const started = agent.ostler("start", "web");
  const keeper = await until(() => keepersOf(id, run)[0], "the keeper claims");
  const words = ["-c", half, "ostler-keeper", run, `${id}/web/main/2`, join(agent.directory, "never")];
  using other = endedAfterwards(spawn("sh", words, { detached: true, stdio: "ignore" }));
  await until(() => keepersOf(id, run).includes(other.pid), "its other half lives");
  kill(keeper);
  await until(() => !keepersOf(id, run).includes(keeper), "the keeper is gone");
  other.end();
  await started;
  await agent.pidOf("web");
  const [failed] = await until(async () => {
    const told = await agent.events("service.start-failed");
    return told.length > 0 ? told : undefined;
  }, "it is told");
  assert.match(String(failed?.data.reason), /its keeper was killed/);
  assert.equal(agent.servicePids().length, 1);
});
