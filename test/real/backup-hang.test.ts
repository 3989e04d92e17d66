import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { FreezingDisk } from "../helpers/freezing-disk.js";
import { needs, needsRoot } from "./tools.js";

/** More than Node has threads for files. */
const services = ["a", "b", "c", "d", "e"];

async function started(disk: FreezingDisk): Promise<TestAgent> {
  const agent = TestAgent.prepare(`agent: {data_dir: DIR/data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
services:
${services
  .map(
    (name) => `  ${name}:
    command: [sleep, "1000"]
    backups:
      - {name: data, paths: [DIR/state], timeout: 5s, copy_to: {dir: ${disk.directory}/${name}, must_be_mount: true}}`,
  )
  .join("\n")}
`);
  agent.place = { ...agent.place, wrapper: disk.wrapper };
  mkdirSync(join(agent.directory, "state"));
  writeFileSync(join(agent.directory, "state/one"), "one\n");
  await agent.run();
  for (const name of services) await agent.ready(name);
  return agent;
}

test(
  "a second disk that hangs holds up the copies there, and nothing else, not even the agent's end",
  { ...needsRoot(), ...needs("mkfs.ext4", "fsfreeze") },
  async (t) => {
    await using disk = await FreezingDisk.mount();
    if (!disk) return t.skip("not run: this host has no loop devices");
    await using agent = await started(disk);
    const create = (name: string): Promise<{ code: number | null; stderr: string }> =>
      agent.ostler("backup", "create", `${name}/data`);
    disk.freeze();
    try {
      const made = services.map(create);
      for (let asked = 0; asked < 5; asked++) assert.equal((await agent.ostler("backup", "list")).code, 0);
      for (const { stderr } of await Promise.all(made))
        // One that comes after the first was given up is not even sent there.
        assert.match(stderr, /was made; only its copy is missing\. .*(did not end within 5 s|still waits for it)/s);
      assert.match((await create("a")).stderr, /does not answer: a program that was ended .* still waits for it/);
      assert.equal((await agent.ostler("stop", "e")).code, 0);
      await agent.end("SIGTERM");
      await agent.run();
      assert.equal((await agent.ostler("start", "e")).code, 0);
    } finally {
      disk.thaw();
    }
    const { code, stderr } = await create("a");
    assert.equal(code, 0, stderr);
    assert.equal(readdirSync(join(disk.seen, "a")).filter((file) => file.endsWith(".json")).length, 3);
  },
);
