import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { groupRoot, removeGroup, whyNoGroup, type GroupValues } from "../../platform/control-group.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { launchKeeper, notRecorded, readNote } from "./keeper.js";
import { openRunGroup } from "./run-group.js";

const root = groupRoot() ?? "/sys/fs/cgroup";

/** Values that the kernel of this host knows: those of a configuration where it has their controllers, else of another one. */
const known: GroupValues[] = [
  { "memory.max": "67108864", "cpu.max": "50000 100000" },
  { "pids.max": "100" },
  { "hugetlb.2MB.max": "4194304" },
];
const values = known.find((candidate) => whyNoGroup(groupRoot(), candidate) === undefined);

/** Without a hierarchy that it may write to the test is reported as not run; in CI it fails. */
const options =
  values === undefined && process.env.OSTLER_CI === undefined
    ? { skip: "not run: there are no control groups of version 2 that it may write to" }
    : {};

const slot = { service: "web", process: "main" };

/** The groups of one agent in the kernel's hierarchy, which is left as it was. */
class Groups implements Disposable {
  readonly agentId = `test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  readonly #before = readFileSync(join(root, "cgroup.subtree_control"), "utf8").split(/\s+/);

  open(run: number): string {
    return openRunGroup({ root, values: values ?? {} }, this.agentId, slot, run);
  }

  names(): string[] {
    const entries = readdirSync(join(root, "ostler", this.agentId), { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  }

  [Symbol.dispose](): void {
    for (const name of this.names()) assert.ok(removeGroup(join(root, "ostler", this.agentId, name)), name);
    assert.ok(removeGroup(join(root, "ostler", this.agentId)));
    if (!removeGroup(join(root, "ostler"))) return; // Others test as well, and tidy up in their turn.
    for (const controller of new Set(Object.keys(values ?? {}).map((file) => file.split(".")[0] ?? "")))
      if (!this.#before.includes(controller)) writeFileSync(join(root, "cgroup.subtree_control"), `-${controller}`);
  }
}

test("the group of a run has its values, as the kernel reads them", options, () => {
  using groups = new Groups();
  const group = groups.open(1);
  for (const [file, value] of Object.entries(values ?? {}))
    assert.equal(readFileSync(join(group, file), "utf8").trim(), value);
  assert.deepEqual(groups.names(), ["web.main.1"]);
});

test(
  "a run and all that comes from it are in its group, its keeper is not, and the group goes with the run",
  options,
  async () => {
    using groups = new Groups();
    using dir = tempDir();
    const group = groups.open(1);
    const keeper = keep(dir.at("web.main.1"), group, "sleep 600 & exec sleep 600");
    await until(() => pidsIn(group).length === 2, "the process and its child are in the group");
    assert.ok(!pidsIn(group).includes(keeper.pid ?? 0));
    for (const pid of pidsIn(group)) process.kill(pid, "SIGKILL");
    await once(keeper, "exit");
    await until(() => removeGroup(group), "a child that ended after the keeper is gone");
    assert.deepEqual(groups.names(), []);
  },
);

test(
  "a group that somebody is left in stays until the next start, and that of another process is not touched",
  options,
  async () => {
    using groups = new Groups();
    using dir = tempDir();
    const group = groups.open(1);
    const other = openRunGroup({ root, values: values ?? {} }, groups.agentId, { service: "web", process: "api" }, 1);
    const stray = spawn("sleep", ["600"]);
    writeFileSync(join(group, "cgroup.procs"), String(stray.pid));
    await once(keep(dir.at("web.main.1"), group, "true"), "exit");
    assert.ok(existsSync(group));
    groups.open(2);
    assert.deepEqual(groups.names(), ["web.api.1", "web.main.1", "web.main.2"]);
    stray.kill("SIGKILL");
    await once(stray, "exit");
    groups.open(3);
    assert.deepEqual(groups.names(), ["web.api.1", "web.main.3"]);
    assert.ok(existsSync(other));
  },
);

test("a run that cannot enter its group never begins", async () => {
  using dir = tempDir();
  const keeper = keep(dir.at("web.main.1"), dir.at("no-such-group"), `echo begun >${dir.at("begun")}`);
  const [status] = (await once(keeper, "exit")) as [number];
  assert.equal(status, notRecorded);
  assert.match(readNote(dir.at("web.main.1")), /no-such-group/);
  assert.deepEqual(
    [existsSync(dir.at("begun")), readdirSync(dir.path).some((name) => name.includes("started"))],
    [false, false],
  );
});

test("a value that the kernel does not take leaves no group", options, () => {
  using groups = new Groups();
  groups.open(1);
  const [file = ""] = Object.keys(values ?? {});
  assert.throws(
    () => openRunGroup({ root, values: { [file]: "nonsense" } }, groups.agentId, slot, 2),
    /does not take "nonsense" for .*: EINVAL/,
  );
  assert.deepEqual(groups.names(), ["web.main.1"]);
});

function pidsIn(group: string): number[] {
  return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
}

function keep(run: string, group: string, script: string): ReturnType<typeof launchKeeper> {
  const nowhere = openSync(devNull, "w");
  const keeper = launchKeeper({
    run,
    mark: "id/web/main/1",
    group,
    setsid: "/usr/bin/setsid",
    command: ["/bin/sh", "-c", script],
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
    stdout: nowhere,
    stderr: nowhere,
  });
  closeSync(nowhere);
  keeper.ref(); // Unlike the agent, a test waits for it.
  return keeper;
}
