import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { ListedBackup } from "@ostler/protocol";
import { TestAgent } from "../helpers/agent.js";
import { SmallDisk } from "../helpers/small-disk.js";
import { needsRoot } from "./tools.js";

const MiB = 1024 * 1024;

/** An agent whose data directory, and whose service's files, are on a small disk that it shares with a filler. */
async function started(disk: SmallDisk, minFree: string): Promise<TestAgent> {
  const agent = TestAgent.prepare(`agent: {data_dir: ${disk.directory}/data, backups: {min_free: ${minFree}}}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [sleep, "1000"]
    backups:
      - {name: data, paths: [${disk.directory}/state], mode: cold}
`);
  agent.place = { data: join(disk.seen, "data"), wrapper: disk.wrapper };
  mkdirSync(join(disk.seen, "state"));
  writeFileSync(join(disk.seen, "state/a"), randomBytes(6 * MiB));
  writeFileSync(join(disk.seen, "state/b"), "small\n");
  await agent.run();
  await agent.ready("web");
  return agent;
}

async function listed(agent: TestAgent): Promise<ListedBackup[]> {
  return JSON.parse((await agent.ostler("backup", "list", "--json")).stdout) as ListedBackup[];
}

/** Everything on the disk by what it occupies, but for what the agent itself notes all the time. */
const leftIn = (disk: SmallDisk): string[] =>
  [...readdirSync(disk.seen), ...readdirSync(join(disk.seen, "data/backups"))].filter((name) =>
    /\.part|\.ostler-/.test(name),
  );

test("a full disk at any stage is told as such, loses nothing and leaves nothing half done", needsRoot(), async () => {
  await using disk = await SmallDisk.mount("40m");
  await using agent = await started(disk, "1MiB");
  const made = await agent.ostler("backup", "create", "data");
  assert.equal(made.code, 0, made.stderr);
  const [first] = await listed(agent);
  const before = readFileSync(join(disk.seen, "state/a"));

  disk.fill(); // There is no room even to begin.
  const refused = await agent.ostler("backup", "create", "data");
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /free|space|room/i);
  assert.deepEqual(leftIn(disk), []);

  writeFileSync(join(disk.seen, "state/b"), "other\n"); // Room for names and a few bytes is always found.
  const restored = await agent.ostler("backup", "restore", first?.id ?? "", "--stop", "--yes");
  assert.notEqual(restored.code, 0);
  assert.match(restored.stderr, /free|space|room|full/i);
  assert.deepEqual(readFileSync(join(disk.seen, "state/a")), before);
  assert.deepEqual(leftIn(disk), []);
  const drilled = await agent.ostler("backup", "drill", first?.id ?? "");
  assert.notEqual(drilled.code, 0);
  assert.match(drilled.stderr, /free|space|room|full/i);

  await agent.ready("web"); // Whatever was stopped for it is back.
  disk.makeRoom();
  assert.deepEqual(
    (await listed(agent)).map(({ id, problem }) => [id, problem]),
    [[first?.id, undefined]],
  );
  rmSync(join(disk.seen, "state/a"));
  const again = await agent.ostler("backup", "restore", first?.id ?? "", "--stop", "--yes");
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(readFileSync(join(disk.seen, "state/a")), before);
  assert.equal(readFileSync(join(disk.seen, "state/b"), "utf8"), "small\n");
  await agent.ready("web");
});
