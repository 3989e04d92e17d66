import assert from "node:assert/strict";
import { test } from "node:test";
import { transact, type Part } from "./assembly.js";

/**
 * Takes parts of these names from the old configuration to the new one, and tells what happened.
 * `fails` says where: `b prepare new`, `b commit new`, `b commit old`.
 */
async function walk(names: string[], ...fails: string[]): Promise<{ story: string[]; failure: unknown }> {
  const story: string[] = [];
  const step = async (what: string): Promise<void> => {
    await new Promise(setImmediate);
    story.push(what);
    if (fails.includes(what)) throw new Error(what);
  };
  const parts = names.map((name): Part<string> => ({
    name,
    prepare: async (next) => {
      await step(`${name} prepare ${next}`);
      return { commit: () => step(`${name} commit ${next}`), discard: () => step(`${name} discard ${next}`) };
    },
  }));
  const failure: unknown = await transact(parts, "old", "new", new AbortController().signal).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { story, failure };
}

test("everything is prepared before anything is committed, in order", async () => {
  assert.deepEqual(await walk(["a", "b"]), {
    story: ["a prepare new", "b prepare new", "a commit new", "b commit new"],
    failure: undefined,
  });
});

test("when a part cannot be prepared, all stay as they were", async () => {
  const { story, failure } = await walk(["a", "b", "c", "d"], "c prepare new");
  assert.deepEqual(story.slice(0, 3), ["a prepare new", "b prepare new", "c prepare new"]);
  assert.deepEqual(story.slice(3).sort(), ["a discard new", "b discard new"]);
  assert.equal((failure as Error).message, "c prepare new");
});

test("when a part cannot be committed, it and those before are taken back, last first, and those after discarded", async () => {
  const { story, failure } = await walk(["a", "b", "c"], "b commit new");
  assert.deepEqual(story.slice(3), [
    "a commit new",
    "b commit new",
    "c discard new",
    "a prepare old",
    "b prepare old",
    "b commit old",
    "a commit old",
  ]);
  assert.equal((failure as Error).message, "b commit new");
});

for (const second of ["a prepare old", "a commit old"])
  test(`when the way back fails at ${second}, both failures are told, the first one first`, async () => {
    const { failure } = await walk(["a", "b"], "b commit new", second);
    assert.match((failure as Error).message, new RegExp(`^b commit new\\n.*${second}`));
  });

test("the owner's signal reaches every commit", async () => {
  const signals: AbortSignal[] = [];
  const prepare = async (): Promise<Awaited<ReturnType<Part<string>["prepare"]>>> => ({
    commit: async (signal) => void signals.push(signal),
    discard: async () => undefined,
  });
  const { signal } = new AbortController();
  await transact(
    [
      { name: "a", prepare },
      { name: "b", prepare },
    ],
    "old",
    "new",
    signal,
  );
  assert.deepEqual(
    signals.map((seen) => seen === signal),
    [true, true],
  );
});

test("nothing to change changes nothing", async () => {
  assert.deepEqual(await walk([]), { story: [], failure: undefined });
});
