import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope, ProcessState } from "@ostler/protocol";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** What the agent does with services of every kind; each is a program of its own in test/fixtures/services. */

const runs = (program: string, ...words: string[]): string =>
  `command: [${[program.endsWith(".mjs") ? "node" : "sh", fixture(program), ...words.map((word) => `"${word}"`)].join(", ")}]`;
const atOnce = "restart: {backoff: {initial: 0s}, crash_loop: {window: 0s}}";

async function main(agent: TestAgent, service = "web"): Promise<ProcessState> {
  return until(async () => (await agent.state()).services[service]?.processes.main, `${service} is known`);
}

/** The events of a type, as soon as so many of them are stored. */
async function told(agent: TestAgent, type: string, count = 1): Promise<Envelope[]> {
  return until(async () => {
    const events = await agent.events(type);
    return events.length >= count ? events : undefined;
  }, `${type} is told ${count} times`);
}

/** Which of these processes live; one that has the pid of another by now does not carry the mark of this agent. */
function alive(agent: TestAgent, pids: readonly number[]): number[] {
  return agent.servicePids().filter((pid) => pids.includes(pid));
}

/** The numbers in a file that a service writes; none before it has. */
function pidsIn(path: string): number[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return text.endsWith("\n") ? text.trim().split(/\s+/).map(Number) : [];
}

test("a service that runs for ever is started once, whatever happens to the agent", async () => {
  await using agent = await TestAgent.start(`services: {web: {${runs("forever.sh")}}}`);
  const pid = await agent.pidOf("web");
  await agent.end("SIGKILL");
  await agent.run();
  assert.equal(await agent.pidOf("web"), pid);
  assert.deepEqual(agent.servicePids(), [pid]);
});

test("a service that ends well comes again under always, and rests under on-failure", async () => {
  await using agent = await TestAgent.start(`
services:
  again: {${runs("exits-zero.sh")}, ${atOnce}}
  rests: {${runs("exits-zero.sh")}, restart: {policy: on-failure}}
`);
  await until(async () => (await main(agent, "again")).restarts >= 3, "it came again");
  await until(async () => (await main(agent, "rests")).phase.name === "completed", "it rests");
  assert.equal((await main(agent, "rests")).restarts, 0);
});

test("a crash loop is found although each run lasts longer than every back-off", async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    ${runs("crash-loop-late.sh", "0.4")}
    restart: {backoff: {initial: 10ms, max: 20ms}, crash_loop: {count: 3, window: 10m, then: stop}}
`);
  const [looped] = await told(agent, "service.crash-looped");
  assert.equal(looped?.data.crashes, 3);
  const uptimes = (await agent.events("service.exited")).map(({ data }) => Number(data.uptimeMs));
  assert.equal(uptimes.length, 3);
  assert.ok(
    uptimes.every((ms) => ms >= 300),
    uptimes.join(", "),
  );
  assert.equal((await main(agent)).phase.name, "gave-up");
});

test("a service that ignores its stop is killed, and nothing is left of it", async () => {
  await using agent = await TestAgent.start(
    `services: {web: {${runs("ignore-term.sh", "DIR/up")}, stop: {timeout: 200ms}}}`,
  );
  await until(() => existsSync(join(agent.directory, "up")), "it ignores what it is asked");
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
  const [killed] = await told(agent, "service.killed");
  assert.match(String(killed?.data.reason), /stop timeout/);
});

test("children that outlive their service are ended before it is started again", async () => {
  await using agent = await TestAgent.start(
    `services: {web: {${runs("leaves-children.sh", "DIR/pids")}, ${atOnce}, stop: {timeout: 200ms}}}`,
  );
  const file = join(agent.directory, "pids");
  const [first = 0, ...children] = await until(() => {
    const pids = pidsIn(file);
    return pids.length === 3 ? pids : undefined;
  }, "it has its children");
  assert.ok(first > 1);
  kill(first);
  await until(() => {
    const now = pidsIn(file);
    if (now.length < 3 || now[0] === first) return false;
    assert.deepEqual(alive(agent, children), [], "the new run began beside them");
    return true;
  }, "it has begun again");
  const [killed] = await told(agent, "service.killed");
  assert.ok((killed?.data.pids as number[]).length >= 2);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
});

test("a service that daemonises is never there twice, and a stop finds its daemon", async () => {
  await using agent = await TestAgent.start(
    `services: {web: {${runs("double-fork.sh", "DIR/daemons")}, ${atOnce}, stop: {timeout: 2s}}}`,
  );
  const daemons = (): number[] => pidsIn(join(agent.directory, "daemons"));
  await until(() => {
    const running = alive(agent, daemons());
    assert.ok(running.length <= 1, `${running.join(" and ")} run side by side`);
    return daemons().length >= 5;
  }, "it has begun five times");
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
});

test("a service whose port is taken backs off, says why, and comes up by itself when the port is free", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await using agent = await TestAgent.start(`
services:
  web:
    ${runs("port-taken.mjs", String(port))}
    listens: ["tcp:${port}"]
    restart: {backoff: {initial: 50ms, max: 500ms}, crash_loop: {window: 0s}}
`);
  const delays = await told(agent, "service.delayed", 3);
  const attempts = delays.map(({ data }) => Number(data.attempt));
  assert.deepEqual(
    attempts,
    [...new Set(attempts)].sort((a, b) => a - b),
  );
  assert.ok(delays.every(({ data }) => data.rule === "backoff"));
  assert.match(String(delays[0]?.data.because), /its address is in use/);
  other.close();
  await once(other, "close");
  await agent.ready("web");
});

test("a service that says more than is kept is not held up, and of what is kept nothing is missing", async () => {
  const lines = 1_100_000;
  await using agent = await TestAgent.start(`services: {web: {${runs("chatty.mjs", String(lines), "DIR/done")}}}`);
  await until(() => existsSync(join(agent.directory, "done")), "it has said it all", 60_000);
  const spools = ["stdout", "stderr"].map((stream) => join(agent.place.data, "output", `web.main.${stream}`));
  assert.ok(
    spools.every((path) => statSync(path).size > 64 * 1024 * 1024),
    "it has said more than is kept",
  );
  const occupied = (path: string): number => statSync(path).blocks * 512;
  await until(() => spools.every((path) => occupied(path) <= 64 * 1024 * 1024), "the limit holds", 60_000);
  const { stdout } = await agent.ostler("logs", "web", "-n", "4000", "--json");
  const said = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { stream: string; text: string });
  for (const stream of ["stdout", "stderr"]) {
    const numbers = said.filter((line) => line.stream === stream).map(({ text }) => Number(text.split(" ")[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, at) => lines - numbers.length + 1 + at),
    );
  }
  assert.equal(said.length, 4000);
  assert.equal(await agent.get("/health"), "OK\n");
});

test("workers are counted by their name, and one that is missing is told", async () => {
  const head = `agent: {data_dir: ./data, usage: {every: 1s}}\nhttp: {listen: "127.0.0.1:0"}`;
  await using agent = await TestAgent.start(`${head}
services:
  web:
    ${runs("workers.sh", "3")}
    watch: [{children: {name: worker.sh, at_least: 3}, for: 0s}]
`);
  const worker = (): number | undefined => agent.servicePids().find((pid) => commOf(pid) === "worker.sh");
  const missing = async (): Promise<number | undefined> => (await main(agent)).exceeded?.["children-worker.sh"]?.value;
  await until(async () => {
    const { stdout } = await agent.ostler("status", "web");
    return stdout.includes(" 3 worker.sh") && (await missing()) === undefined;
  }, "all of them are counted");
  kill(await until(worker));
  assert.equal(await until(missing, "one is missing"), 2);
  const last = await until(async () => (await agent.events("service.limit-exceeded")).at(-1), "it is told");
  assert.equal(last.data.limit, 3);
});

function commOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // It has just ended.
  }
}
