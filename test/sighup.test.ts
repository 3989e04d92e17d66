import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** Is a handler for SIGHUP installed? Bit 0 of the kernel's mask of caught signals. */
function catchesHangup(pid: number): boolean {
  const [, mask = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

test("a SIGHUP while the agent starts does not end it, and is not forgotten", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const child = agent.spawn();
  await until(() => catchesHangup(child.pid ?? 0), "the handler is there");
  assert.equal(agent.output, "", "the handler is there before anything else has happened");
  for (let time = 0; time < 5; time++) agent.signal("SIGHUP");
  await until(() => agent.get("/health"));
  await until(async () => (await agent.events("config.applied")).length >= 2, "the reload was done");
  assert.equal(child.exitCode, null);
});

test("SIGHUP applies a changed file, and touches only what has changed", async () => {
  const config = (every: string): string => `
services:
  web:
    command: [sleep, "600"]
    checks: [{name: here, kind: exec, command: ["true"], every: ${every}}]
`;
  await using agent = await TestAgent.start(config("10s"));
  await agent.ready("web");
  const pid = await agent.pidOf("web");
  agent.configure(config("20s"));
  agent.signal("SIGHUP");
  const applied = await until(async () => (await agent.events("config.applied"))[1]);
  assert.deepEqual(applied.data.changes, [{ path: "services.web.checks.0.every", change: "changed", effect: "live" }]);
  assert.equal(await agent.pidOf("web"), pid);
});

test("SIGHUP with a bad file changes nothing, and says why", async () => {
  await using agent = await TestAgent.start(`services: {web: {command: [sleep, "600"]}}`);
  const pid = await agent.pidOf("web");
  agent.configure("services: {web: {comand: [sleep]}}");
  agent.signal("SIGHUP");
  const rejected = await until(async () => (await agent.events("config.rejected"))[0]);
  assert.match(String(rejected.data.problems), /services\.web\.comand: is not a setting; did you mean command\?/);
  assert.match(agent.output, /rejected, the old one stays/);
  assert.equal(await agent.pidOf("web"), pid);
  const { code, stderr } = await agent.ostler("reload");
  assert.equal(code, 3);
  assert.match(stderr, /did you mean command/);
});
