import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { CommandData, ListedBackup } from "@ostler/protocol";
import { TestAgent } from "../helpers/agent.js";
import { needs } from "./tools.js";

const config = `agent: {data_dir: ./data}
http: {listen: "127.0.0.1:0"}
services:
  web:
    command: [sleep, "1000"]
    backups:
      - name: data
        paths: [state]
        keep: {last: 1}
        engine: restic
        restic: {repository: DIR/repository, password_file: password, init: true, check_subset: 1}
        drill: {check: {command: [sh, -ec, 'test "$(cat "$OSTLER_DRILL_DIR$PLACE/state/one")" = second'], env: {PLACE: DIR}}}
`;

test("a repository of restic takes the same commands as archives do", needs("restic"), async () => {
  await using agent = TestAgent.prepare(config);
  const at = (path: string): string => join(agent.directory, path);
  mkdirSync(at("state"));
  writeFileSync(at("state/one"), "first\n");
  writeFileSync(at("password"), "a password\n", { mode: 0o600 });
  await agent.run();
  await agent.ready("web");
  const said = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await agent.ostler("backup", ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await said("create", "data");
  writeFileSync(at("state/one"), "second\n");
  const { id } = JSON.parse(await said("create", "data", "--json")) as { id: string };
  const listed = JSON.parse(await said("list", "--json")) as ListedBackup[];
  assert.deepEqual(
    listed.map((one) => [one.id, one.engine, one.problem]),
    [[id, "restic", undefined]],
  );
  await said("verify", "data");
  await said("drill", "data");
  rmSync(at("state"), { recursive: true });
  await said("restore", "data", "--stop", "--yes");
  assert.equal(readFileSync(at("state/one"), "utf8"), "second\n");
  await agent.ready("web");
  assert.match(await said("verify", "data"), / is what it was: 1 file, 7 /);
  agent.configure(config.replace("check_subset: 1", "check_subset: 3"));
  await agent.ostler("reload");
  assert.match(await said("verify", "data"), / is what it was, as far as it was read: part 1\/3 of the repository$/m);
  const { isWhole, part } = JSON.parse(await said("verify", "data", "--json")) as CommandData<"backup.verify">;
  assert.deepEqual([isWhole, part], [false, "2/3"]);
});

test(
  "a new machine that says what the old one was called shows and restores its backups",
  needs("restic"),
  async () => {
    await using old = TestAgent.prepare(config.replace("check_subset: 1", "check_subset: 1, host: old-machine"));
    const at = (path: string): string => join(old.directory, path);
    mkdirSync(at("state"));
    writeFileSync(at("state/one"), "first\n");
    writeFileSync(at("password"), "a password\n", { mode: 0o600 });
    await old.run();
    await old.ready("web");
    const made = await old.ostler("backup", "create", "data", "--json");
    assert.equal(made.code, 0, made.stderr);
    const { id } = JSON.parse(made.stdout) as { id: string };
    await old.end("SIGKILL");

    const elsewhere = config.replace("DIR/repository", at("repository")).replace("init: true, ", "");
    await using fresh = TestAgent.prepare(elsewhere);
    writeFileSync(join(fresh.directory, "password"), "a password\n", { mode: 0o600 });
    await fresh.run();
    const listed = async (): Promise<string[]> => {
      const { code, stdout, stderr } = await fresh.ostler("backup", "list", "--json");
      assert.equal(code, 0, stderr);
      return (JSON.parse(stdout) as ListedBackup[]).map((one) => one.id);
    };
    assert.deepEqual(await listed(), []);
    fresh.configure(elsewhere.replace("check_subset: 1", "check_subset: 1, host: old-machine"));
    await fresh.ostler("reload");
    assert.deepEqual(await listed(), [id]);
    const to = join(fresh.directory, "look");
    const restored = await fresh.ostler("backup", "restore", "web/data", "--to", to);
    assert.equal(restored.code, 0, restored.stderr);
    assert.equal(readFileSync(join(to, at("state/one")), "utf8"), "first\n");
  },
);
