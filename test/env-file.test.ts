import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** A service that leaves a value of its environment file in a file. */
const config = `services:
  web:
    command: [sh, -c, 'echo "$TOKEN" >DIR/seen; exec sleep 600']
    env_file: [-absent.env, secrets.env]
`;

test("a file's values reach the process at each start, and are shown to nobody", async () => {
  await using agent = TestAgent.prepare(config);
  const secrets = join(agent.directory, "secrets.env");
  const seen = (value: string): Promise<boolean> =>
    until(() => readFileSync(join(agent.directory, "seen"), "utf8") === `${value}\n`, `it has ${value}`);
  writeFileSync(secrets, "# of the database\nTOKEN='hunter one'\n");
  await agent.run();
  await seen("hunter one");
  writeFileSync(secrets, "TOKEN=hunter-two\n");
  assert.equal((await agent.ostler("restart", "web")).code, 0);
  await seen("hunter-two");
  const shown = await agent.ostler("config", "show");
  assert.match(shown.stdout, /secrets\.env/);
  const commandLines = agent.servicePids().map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  const everything = [shown.stdout, agent.output, JSON.stringify(await agent.events()), ...commandLines].join("\n");
  assert.ok(!everything.includes("hunter"));
});

test("a file that is absent or torn refuses the reload, and the start, with a reason that shows no value", async () => {
  await using agent = TestAgent.prepare(config);
  await agent.run();
  const failed = await until(async () => (await agent.events("service.start-failed"))[0]);
  assert.match(String(failed.data.reason), /secrets\.env does not exist\. Write it, or put - before its path/);
  writeFileSync(join(agent.directory, "secrets.env"), "TOKEN='hunter");
  agent.configure(config.replace("exec sleep 600", "exec sleep 601"));
  const { code, stderr } = await agent.ostler("reload");
  assert.equal(code, 3);
  assert.match(stderr, /the quote that begins in line 1 has no end/);
  assert.ok(!`${stderr}${agent.output}`.includes("hunter"));
});
