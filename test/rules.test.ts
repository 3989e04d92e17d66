import assert from "node:assert/strict";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const rule = `{name: worse, expr: {regression: {metric: no_such_metric, more_than: 10%}}, runbook: "http://wiki/worse"}`;
const config = (rules: string): string => `agent: {data_dir: ./data, rules: {every: 1s}}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [sleep, "600"]
    rules: [${rules}]
`;

test("a rule that sees nothing says so, gets a baseline, keeps it over a restart of the agent, and loses it when it leaves", async () => {
  await using agent = await TestAgent.start(config(rule));
  const rules = async () => (await agent.state()).services.web?.rules ?? {};
  const blind = await until(async () => (await rules()).worse?.blind, "the rule is blind");
  assert.equal(blind.because, "absent");
  const without = await agent.ostler("rules", "baseline", "web/worse");
  assert.deepEqual([without.code, without.stderr.includes("has no value now")], [1, true], without.stderr);
  const set = await agent.ostler("rules", "baseline", "web/worse", "--value", "12.5");
  assert.deepEqual([set.code, set.stdout], [0, "web/worse compares with 12.5 from now on\n"]);
  for (const wrong of [["web/wrse"], ["web"], ["web/worse", "--value", "much"]])
    assert.notEqual((await agent.ostler("rules", "baseline", ...wrong)).code, 0, wrong.join(" "));

  await agent.end("SIGTERM");
  await agent.run();
  assert.equal((await rules()).worse?.baseline?.value, 12.5);
  agent.configure(config(""));
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.deepEqual(await rules(), {});
});
