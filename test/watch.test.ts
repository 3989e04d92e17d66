import assert from "node:assert/strict";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const head = `agent: {data_dir: ./data, usage: {every: 1s}}\nhttp: {listen: "127.0.0.1:0"}\nservices:\n`;
const workers = "for i in 1 2 3; do sleep 600 & done; wait";
const web = (watch: string, more = ""): string =>
  `${head}  web: {command: [sh, -c, "${workers}"], restart: {backoff: {initial: 10ms}}${more}, watch: [${watch}]}\n`;

const exceeded = async (agent: TestAgent): Promise<string[]> =>
  Object.keys((await agent.state()).services.web?.processes.main?.exceeded ?? {});

test("a limit that is exceeded is told, shown and explained; a reload that lifts it touches no process", async () => {
  await using agent = await TestAgent.start(web("{children: {name: sleep, at_least: 4}, for: 1s}"));
  const pid = await agent.pidOf("web");
  const [event] = await until(async () => {
    const events = await agent.events("service.limit-exceeded");
    return events.length > 0 ? events : undefined;
  }, "it is told");
  assert.equal(event?.severity, "warn");
  const { value, limit, bound, action } = event.data;
  assert.deepEqual({ value, limit, bound, action }, { value: 3, limit: 4, bound: "at-least", action: "none" });
  assert.match(
    (await agent.ostler("status", "web")).stdout,
    /children-sleep +exceeded .* processes sleep 3, fewer than 4/,
  );
  assert.match(
    (await agent.ostler("why", "web")).stdout,
    /beyond a limit since .*processes sleep 3, fewer than 4; rule: services\.web\.watch\.0/,
  );
  agent.configure(web("{children: {name: sleep, at_least: 3}, for: 1s}"));
  assert.equal((await agent.ostler("reload")).code, 0);
  await until(async () => (await agent.events("service.limit-recovered")).length > 0, "it is back");
  assert.deepEqual(await exceeded(agent), []);
  assert.equal(await agent.pidOf("web"), pid);
});

test("a watch that wants it has its process restarted, and says why", async () => {
  await using agent = await TestAgent.start(web("{memory: {above: 1KiB}, for: 0s, action: restart}"));
  const [restarted] = await until(async () => {
    const events = await agent.events("service.restarted");
    return events.length > 0 ? events : undefined;
  }, "it is restarted");
  assert.match(String(restarted?.data.because), /^watch memory: memory .*, more than 1 KiB$/);
});

test("a watch that wants it has its process stopped, for good", async () => {
  await using agent = await TestAgent.start(web("{open_files: {above: 1}, for: 0s, action: stop}"));
  await until(async () => (await agent.events("service.stopped")).length > 0, "it is stopped");
  assert.equal((await agent.state()).services.web?.processes.main?.phase.name, "stopped");
  assert.deepEqual(await exceeded(agent), []);
});

test("metrics show what runs, and nothing when it does not", async () => {
  await using agent = await TestAgent.start(web(""));
  const series = async (): Promise<string> => (await agent.get("/metrics")) as string;
  await until(async () =>
    (await series()).includes('ostler_process_children{service="web",process="main",name="sleep"} 3'),
  );
  assert.match(await series(), /^ostler_process_resident_memory_bytes\{service="web",process="main"\} [1-9]\d+$/m);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.doesNotMatch(await series(), /^ostler_process_(cpu|resident|open|threads|children)\w*\{/m);
});
