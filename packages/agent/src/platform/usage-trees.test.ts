import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { markedRun } from "../testing/marked-run.js";
import { until } from "../testing/until.js";
import { statOf } from "./proc.js";
import { UsageTrees, type Member, type TreeRoot } from "./usage-trees.js";

type Run = Disposable & { root: TreeRoot; trees: UsageTrees; members: () => Promise<Member[]> };

/** A run, and what is found of it. */
function run(script: string): Run {
  const known = new Set<number>();
  const root = markedRun(script, randomUUID(), () => known);
  const trees = new UsageTrees();
  const members = async (): Promise<Member[]> => {
    const found = (await trees.look([root])).get(root.mark) ?? [];
    for (const { pid } of found) known.add(pid);
    return found;
  };
  return { root, trees, members, [Symbol.dispose]: () => root[Symbol.dispose]() };
}

const names = (members: readonly Member[]): string =>
  members
    .slice(1)
    .map(({ name }) => name)
    .sort()
    .join(" ");

const has = (tree: Run, children: string): Promise<unknown> =>
  until(async () => {
    const found = names(await tree.members());
    if (found !== children) throw new Error(found);
    return true;
  }, `its children are ${children}`);

test("the tree of a run is its first process, its children and theirs", async () => {
  using tree = run("sleep 1000 & sh -c 'sleep 1000 & wait' & wait");
  await has(tree, "sh sleep sleep");
  const [first] = await tree.members();
  assert.equal(first?.pid, tree.root.identity.pid);
});

test("who leaves the session is found by its mark, and who drops that too by its parent", async () => {
  using tree = run("setsid sleep 1000 & env -i setsid tail -f /dev/null & wait");
  await has(tree, "sleep tail");
});

test("who once belonged to a run still does when its parent has ended and it carries no mark", async () => {
  using tree = run("(env -i setsid tail -f /dev/null & exec sleep 1000) & exec sleep 1000");
  await has(tree, "sleep tail");
  const root = tree.root.identity.pid;
  const middle = (await tree.members()).find(({ parent }) => parent === root)?.pid ?? assert.fail();
  process.kill(middle, "SIGKILL");
  await until(async () => {
    const tail = (await tree.members()).find(({ name }) => name === "tail") ?? assert.fail("it was lost");
    return statOf(tail.pid)?.parent !== middle;
  }, "it has another parent");
});

test("many trees come from one look, each with its own", async () => {
  using one = run("sleep 1000 & wait");
  using other = run("tail -f /dev/null & wait");
  await has(one, "sleep");
  await has(other, "tail");
  const found = await new UsageTrees().look([one.root, other.root]);
  assert.deepEqual(
    [one, other].map(({ root }) => names(found.get(root.mark) ?? [])),
    ["sleep", "tail"],
  );
});

test("a run whose first process is gone has no tree", async () => {
  using tree = run("sleep 1000 & wait");
  await has(tree, "sleep");
  const earlier = { ...tree.root.identity, startTicks: tree.root.identity.startTicks - 1 };
  assert.equal((await tree.trees.look([{ identity: earlier, mark: tree.root.mark }])).size, 0);
  assert.equal((await tree.trees.look([])).size, 0);
});

test("a run that nobody asked for yet is no stranger when it is asked for", async () => {
  using first = run("sleep 1000 & wait");
  using later = run("(setsid tail -f /dev/null &) ; sleep 1000 & wait");
  const trees = new UsageTrees();
  for (let pass = 0; pass < 4; pass++) await trees.look([first.root]);
  await until(
    async () => names((await trees.look([first.root, later.root])).get(later.root.mark) ?? []) === "sleep tail",
  );
});

test("who has ended but is not collected counts as ended, and holds no files", async () => {
  using tree = run("true & exec sleep 1000");
  const zombie = await until(async () => (await tree.members()).find(({ ended }) => ended), "a zombie");
  assert.equal(zombie.openFiles, 0);
});
