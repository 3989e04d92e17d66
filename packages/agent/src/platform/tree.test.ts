import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { until } from "../testing/until.js";
import { allProcesses, statOf, type Identity } from "./proc.js";
import { runVariable, treeOf } from "./tree.js";

type Run = Disposable & { root: Identity; mark: string; pids: () => number[] };

/** Runs a script in a session of its own, with a mark, as the supervisor does; everything of it is ended with the test. */
function run(script: string): Run {
  const mark = randomUUID();
  const env = { PATH: process.env.PATH, [runVariable]: mark };
  const child = spawn("sh", ["-c", script], { stdio: "ignore", detached: true, env });
  const pid = child.pid ?? assert.fail();
  const root = { pid, startTicks: statOf(pid)?.startTicks ?? assert.fail() };
  const known = new Set<number>();
  const pids = (): number[] => {
    const found = treeOf(root, mark).sort((a, b) => a - b);
    found.forEach((one) => known.add(one));
    return found;
  };
  return {
    root,
    mark,
    pids,
    [Symbol.dispose]: () => {
      pids();
      for (const one of known) if (statOf(one)) process.kill(one, "SIGKILL");
    },
  };
}

const has = (tree: Run, count: number): Promise<number[]> =>
  until(() => (tree.pids().length === count ? tree.pids() : undefined), `${count} processes`);

test("the tree of a process is itself, its children and theirs", async () => {
  using tree = run("sleep 1000 & sh -c 'sleep 1000 & wait' & wait");
  const pids = await has(tree, 4);
  assert.ok(pids.includes(tree.root.pid));
  assert.ok(!pids.includes(process.pid));
});

test("who leaves the session is found by the mark it carries", async () => {
  using tree = run("setsid sleep 1000 & exec sleep 1000");
  const sessions = async (): Promise<number> => new Set((await has(tree, 2)).map((pid) => statOf(pid)?.session)).size;
  await until(async () => (await sessions()) === 2, "one has left");
});

test("who leaves the session and drops the mark is found while its parent is there", async () => {
  using tree = run("env -i setsid sleep 1000 & exec sleep 1000");
  await has(tree, 2);
});

test("children whose parent has ended still belong to the tree", async () => {
  using tree = run("sleep 1000 & setsid sleep 1000 & exit 0");
  await until(() => !statOf(tree.root.pid) || statOf(tree.root.pid)?.ended, "the first process has ended");
  await has(tree, 2);
});

test("what has ended is no part of the tree", async () => {
  using tree = run("true & exec sleep 1000");
  await until(() => allProcesses().some(({ parent, ended }) => parent === tree.root.pid && ended), "a zombie");
  assert.deepEqual(tree.pids(), [tree.root.pid]);
});

test("two runs of the same command are two trees", async () => {
  using one = run("sleep 1000 & wait");
  using other = run("sleep 1000 & wait");
  const [first, second] = [await has(one, 2), await has(other, 2)];
  assert.deepEqual(
    first.filter((pid) => second.includes(pid)),
    [],
  );
});

test("a pid that was given to another process since does not draw that one in", async () => {
  using stranger = run("sleep 1000 & wait");
  await has(stranger, 2);
  const earlier = { ...stranger.root, startTicks: stranger.root.startTicks - 1 };
  assert.deepEqual(treeOf(earlier, "mark of the earlier one"), []);
});
