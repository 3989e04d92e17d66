import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fixture, TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { needsRoot } from "./tools.js";

/** A control group of the running kernel that holds 64 MiB, in whichever hierarchy has the memory controller. */
function smallGroup(): string {
  const name = `ostler-test-${process.pid}`;
  const [first, limit] = existsSync("/sys/fs/cgroup/memory")
    ? ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"]
    : ["/sys/fs/cgroup", "memory.max"];
  const group = join(first, name);
  mkdirSync(group);
  writeFileSync(join(group, limit), String(64 * 1024 * 1024));
  return group;
}

test("a process that the kernel kills for lack of memory has that as its cause", needsRoot(), async () => {
  const group = smallGroup();
  try {
    await using agent = await TestAgent.start(`
services:
  hog:
    command: [sh, -c, "echo $$$$ >${group}/cgroup.procs; exec node ${fixture("oom.mjs")}"]
    restart: {policy: never}
  killed: {command: [sh, -c, "kill -KILL $$$$"], restart: {policy: never}}
`);
    const causes = await until(async () => {
      const { services } = await agent.state();
      const found = ["hog", "killed"].map((name) => services[name]?.processes.main?.lastExit?.cause);
      return found.every((cause) => cause !== undefined) && found;
    }, "both have ended");
    assert.deepEqual(causes, ["out-of-memory", "signal"]);
    assert.match((await agent.ostler("why", "hog")).stdout, /lack of memory/);
  } finally {
    await until(() => removed(group), "the group is empty");
  }
});

function removed(group: string): boolean {
  rmdirSync(group);
  return true;
}
