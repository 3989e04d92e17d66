import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ListedBackup } from "@ostler/protocol";
import { TestAgent } from "./helpers/agent.js";
import { seeded } from "./helpers/seeded.js";
import { until } from "./helpers/until.js";

/** How often the agent is killed; `OSTLER_KILLS=200` for a long look. */
const kills = Number(process.env.OSTLER_KILLS ?? 16);
const files = 150;
/** Longer than any of the commands takes when it is not interrupted. */
const maxWaitMs = 900;

const config = `agent: {data_dir: ./data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [sleep, "1000"]
    backups:
      - name: data
        paths: [state]
        mode: cold
        keep: {last: 2}
        before: {command: [sh, -c, "echo > DIR/at-rest"]}
        after: {command: [rm, -f, DIR/at-rest]}
`;

/** All files of the tree say the same version. */
function fill(directory: string, version: number): void {
  const next = join(directory, "next");
  mkdirSync(join(next, "deep"), { recursive: true });
  for (let at = 0; at < files; at++)
    writeFileSync(join(next, at % 2 === 0 ? "deep" : ".", `file-${at}`), `${version}\n`.repeat(100 + 50 * at));
  rmSync(join(directory, "state"), { recursive: true, force: true });
  renameSync(next, join(directory, "state"));
}

/** The version of the tree. It is whole, or this fails. */
function versionOf(directory: string): string {
  const state = join(directory, "state");
  const names = [...readdirSync(state), ...readdirSync(join(state, "deep")).map((name) => `deep/${name}`)];
  const found = names.filter((name) => name !== "deep");
  assert.equal(found.length, files);
  const versions = new Set(found.flatMap((name) => readFileSync(join(state, name), "utf8").trimEnd().split("\n")));
  assert.equal(versions.size, 1, `the tree is half of ${[...versions].join(" and half of ")}`);
  return [...versions][0] ?? "";
}

test(`however often the agent is killed, no listed backup is broken, no restore is half done, nothing stays stopped`, async (t) => {
  const seed = Number(process.env.OSTLER_SEED ?? Date.now() % 1_000_000_000);
  t.diagnostic(`OSTLER_SEED=${seed}`);
  const random = seeded(seed);
  await using agent = TestAgent.prepare(config);
  const { directory } = agent;
  fill(directory, 0);
  await agent.run();
  await agent.ready("web");
  const ostler = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await agent.ostler("backup", ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await ostler("create", "data");
  for (let kill = 1; kill <= kills; kill++) {
    fill(directory, kill);
    const deeds = [
      ["create", "data"],
      ["create", "data"],
      ["prune", "data"],
      ["restore", "data", "--stop", "--yes"],
    ];
    const deed = random.of(deeds);
    const doing = agent.ostler("backup", ...deed);
    await sleep(random.below(maxWaitMs));
    await agent.end("SIGKILL");
    await doing;
    await agent.run();
    await agent.ready("web");
    await until(() => !existsSync(join(directory, "at-rest")), "what was at rest is back");
    versionOf(directory);
    const listed = JSON.parse(await ostler("list", "--json")) as ListedBackup[];
    assert.ok(listed.length > 0);
    for (const { id, problem } of listed) {
      assert.equal(problem, undefined);
      await ostler("verify", id);
    }
    const left = readdirSync(directory).filter((name) => name.startsWith(".ostler-"));
    assert.deepEqual(left, [], `after the kill of ${deed.join(" ")}`);
  }
  fill(directory, kills + 1); // A restore may have come through before the last kill.
  await ostler("create", "data");
  fill(directory, kills + 2);
  await ostler("restore", "data", "--stop", "--yes");
  assert.equal(versionOf(directory), String(kills + 1));
  assert.deepEqual(
    readdirSync(join(directory, "data/backups")).filter((name) => name.endsWith(".part")),
    [],
  );
});
