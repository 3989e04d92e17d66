import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

test("an agent whose port is taken supervises all the same, says so, and takes the port when it is free", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await using agent = await TestAgent.start(
    `agent: {data_dir: ./data}\nhttp: {listen: "127.0.0.1:${port}"}\nservices: {web: {command: [sleep, "600"]}}\n`,
  );
  await agent.pidOf("web");
  const { degraded } = (await agent.state()).agent;
  assert.match(degraded["http main"] ?? "", /another program listens there/);
  other.close();
  await until(async () => (await agent.events("agent.recovered")).length > 0);
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
});

test("an agent that can store nothing supervises all the same, and says what will be lost", async () => {
  await using agent = TestAgent.prepare(
    `services: {web: {command: [sleep, "600"], restart: {backoff: {initial: 0s}}}}`,
  );
  writeFileSync(join(agent.directory, "file"), "");
  agent.configure(
    `agent: {data_dir: ./file/data, run_dir: ./data}\nhttp: {listen: "127.0.0.1:0"}\nservices: {web: {command: [sleep, "600"], restart: {backoff: {initial: 0s}}}}\n`,
  );
  await agent.run();
  const pid = await agent.pidOf("web");
  const { degraded } = (await agent.state()).agent;
  assert.match(degraded.journal ?? "", /Cannot store anything in .*kept in memory and lost with the agent/);
  kill(pid);
  await until(async () => (await agent.events("service.restarted")).length === 1);
  await agent.end("SIGKILL");
  await agent.run();
  assert.notEqual(await agent.pidOf("web"), 0);
  assert.equal((await agent.events("service.adopted")).length, 1);
  for (const run of agent.servicePids()) kill(run);
  kill(-(await agent.pidOf("web")));
});

test("all bad services at once: each is told for what it is, and the good one does not notice", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const plain = join(agent.directory, "plain");
  writeFileSync(plain, "no program", { mode: 0o644 });
  agent.configure(`
services:
  good: {command: [node, ${fixture("http.mjs")}]}
  missing: {command: [/does/not/exist]}
  plain: {command: [${plain}]}
  quits: {command: ["false"], restart: {backoff: {initial: 100ms}}}
  done: {command: ["true"], restart: {policy: on-failure}}
  once: {command: ["false"], restart: {policy: never}}
  stubborn: {command: [sh, -c, "trap '' TERM; while :; do sleep 1; done"], stop: {timeout: 300ms}}
  forks: {command: [sh, -c, "sleep 601 & setsid sleep 602 & wait"], stop: {timeout: 1s}}
  long: {command: [sh, -c, "head -c 67108864 /dev/zero | tr '\\\\0' x; sleep 600"]}
  mute: {command: [sh, -c, "exec >&- 2>&-; sleep 600"]}
`);
  await agent.run();
  const good = await agent.pidOf("good");
  const phase = async (name: string): Promise<string> =>
    (await agent.state()).services[name]?.processes.main?.phase.name ?? "";
  await until(async () => (await phase("done")) === "completed" && (await phase("once")) === "gave-up");
  await until(async () => (await agent.events("service.restarted")).some(({ data }) => data.service === "quits"));
  const reasons = (await agent.events("service.start-failed")).map(
    ({ data }) => `${String(data.service)}: ${String(data.reason)}`,
  );
  assert.match(reasons.join("\n"), /missing: \/does\/not\/exist does not exist/);
  assert.match(reasons.join("\n"), /plain: .*plain is not executable/);
  for (const name of ["stubborn", "forks", "long", "mute"]) assert.equal(await phase(name), "running", name);

  assert.equal((await agent.ostler("stop", "stubborn")).code, 0);
  assert.equal((await agent.ostler("stop", "forks")).code, 0);
  const killed = (await agent.events("service.killed")).map(({ data }) => data.service);
  assert.ok(killed.includes("stubborn"));
  const line = JSON.parse((await agent.ostler("logs", "long", "-n", "1", "--json")).stdout.split("\n")[0] ?? "") as {
    text: string;
  };
  assert.match(line.text, /^x{1000}/);
  assert.equal(await agent.pidOf("good"), good);
  const { degraded } = (await agent.state()).agent;
  assert.deepEqual(degraded, {});
});
