import assert from "node:assert/strict";
import { mkdirSync, openSync, readSync, closeSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { makeWorld, seenWorld, type World } from "../../testing/worlds.js";
import { recoverSwap, Swap, type Swapped } from "./swap.js";
import type { Step } from "./swap-moves.js";

const id = "shop.data.20261120T100000Z";
const old: World = { "data/a": "old", "data/deep/b": "old", file: "old", other: "left alone" };
const signal = new AbortController().signal;

/** A world of old things in `home`, and where records are, beside it. */
function home(world: World = old): TempDir & { home: string; record: string } {
  const temp = tempDir();
  makeWorld(temp.at("home"), world);
  mkdirSync(temp.at("state"));
  return { ...temp, home: temp.at("home"), record: temp.at("state/restore.json") };
}

type Told = { keepOld?: (place: string) => boolean; step?: Step };

/** Restores places: what is to be in each is staged as a whole tree, as archives are extracted. */
async function restore(
  temp: ReturnType<typeof home>,
  places: string[],
  fresh: World,
  told: Told = {},
): Promise<Swapped> {
  const { keepOld = () => false, step } = told;
  await using swap = await Swap.begin(
    temp.record,
    id,
    places.map((place) => join(temp.home, place)),
    step,
  );
  for (const { directory } of swap.stagings) makeWorld(join(directory, temp.home), fresh);
  const units = swap.stagings.flatMap(({ places: its, directory }) =>
    its.map((place) => ({ place, staged: join(directory, place) })),
  );
  return await swap.commit(units, { keepOld, signal });
}

const rows: [promise: string, places: string[], fresh: World, then: World][] = [
  [
    "a directory and a file are replaced as a whole, and what is beside them stays",
    ["data", "file"],
    { "data/c": "new", file: "new" },
    { "data/c": "new", file: "new", other: "left alone" },
  ],
  ["what was not there before is there", ["fresh"], { "fresh/a": "new" }, { ...old, "fresh/a": "new" }],
  ["what has nothing above it gets directories", ["x/y/z"], { "x/y/z": "new" }, { ...old, "x/y/z": "new" }],
  [
    "a file takes the place of a directory",
    ["data"],
    { data: "new" },
    { data: "new", file: "old", other: "left alone" },
  ],
  [
    "a directory takes the place of a file",
    ["file"],
    { "file/a": "new" },
    { "data/a": "old", "data/deep/b": "old", "file/a": "new", other: "left alone" },
  ],
  [
    "a place in another one comes with it",
    ["data/deep", "data"],
    { "data/deep/b": "new" },
    { "data/deep/b": "new", file: "old", other: "left alone" },
  ],
];

for (const [promise, places, fresh, then] of rows) {
  test(promise, async () => {
    using temp = home();
    assert.deepEqual(await restore(temp, places, fresh), { kept: [] });
    assert.deepEqual([seenWorld(temp.home), seenWorld(temp.at("state"))], [then, {}]);
  });

  test(`${promise}; or, if a step fails, everything is as it was`, async () => {
    for (let failing = 1; ; failing++) {
      using temp = home();
      let steps = 0;
      const step: Step = (what) => {
        if (++steps === failing && !/^(end|remove) /.test(what)) throw new Error(`step ${what} fails`);
      };
      const outcome = await restore(temp, places, fresh, { step }).catch((failure: unknown) => failure);
      if (!(outcome instanceof Error)) break;
      assert.match(outcome.message, /everything is as it was: step .* fails/);
      assert.deepEqual([seenWorld(temp.home), seenWorld(temp.at("state"))], [old, {}], outcome.message);
    }
  });
}

test("a link is replaced, not what it leads to", async () => {
  using temp = home();
  symlinkSync("data", join(temp.home, "link"));
  await restore(temp, ["link"], { link: "new" });
  assert.deepEqual(seenWorld(temp.home), { ...old, link: "new" });
});

test("staging directories lie beside the places, for the agent's user alone", async () => {
  using temp = home();
  await using swap = await Swap.begin(temp.record, id, [join(temp.home, "data")]);
  const [staging] = swap.stagings;
  assert.equal(staging?.directory, join(temp.home, `.ostler-restore.${id}.0`));
  assert.equal(statSync(staging.directory).mode & 0o777, 0o700);
});

test("places of one file system are staged together, where all of them are below", async () => {
  using temp = home();
  const places = ["data/deep/b", "file", "x/y/z"].map((place) => join(temp.home, place));
  await using swap = await Swap.begin(temp.record, id, places);
  assert.deepEqual(swap.stagings, [{ places, directory: join(temp.home, `.ostler-restore.${id}.0`) }]);
});

test("disposing without a commit leaves everything as it was, and disposing twice is disposing once", async () => {
  using temp = home();
  const swap = await Swap.begin(temp.record, id, [join(temp.home, "data"), join(temp.home, "x/y")]);
  makeWorld(swap.stagings[0]?.directory ?? assert.fail(), { "some/file": "new" });
  await swap[Symbol.asyncDispose]();
  await swap[Symbol.asyncDispose]();
  assert.deepEqual([seenWorld(temp.home), seenWorld(temp.at("state"))], [old, {}]);
});

test("a cancelled commit leaves everything as it was", async () => {
  using temp = home();
  const swap = await Swap.begin(temp.record, id, [join(temp.home, "file")]);
  const staged = join(swap.stagings[0]?.directory ?? "", "file");
  writeFileSync(staged, "new");
  const units = [{ place: join(temp.home, "file"), staged }];
  const options = { keepOld: () => false, signal: AbortSignal.abort() };
  await assert.rejects(swap.commit(units, options), { code: "cancelled" });
  assert.deepEqual([seenWorld(temp.home), seenWorld(temp.at("state"))], [old, {}]);
});

test("the old that has something the new has not stays beside, and is named", async () => {
  using temp = home();
  const keepOld = (place: string): boolean => place.endsWith("data");
  const { kept } = await restore(temp, ["data", "file"], { "data/a": "new", file: "new" }, { keepOld });
  assert.deepEqual(kept, [join(temp.home, `data.before-${id}`)]);
  assert.deepEqual(seenWorld(temp.home), {
    ...{ "data/a": "new", file: "new", other: "left alone" },
    ...{ [`data.before-${id}/a`]: "old", [`data.before-${id}/deep/b`]: "old" },
  });
});

test("what an earlier restore has kept is not overwritten by a later one", async () => {
  using temp = home();
  const keepOld = (): boolean => true;
  await restore(temp, ["file"], { file: "new" }, { keepOld });
  const { kept } = await restore(temp, ["file"], { file: "newer" }, { keepOld });
  assert.deepEqual(kept, [join(temp.home, `file.before-${id}-2`)]);
  assert.equal(seenWorld(temp.home)[`file.before-${id}`], "old");
});

test("whoever has something open in a directory can read it on, and writes nothing into the new one", async () => {
  using temp = home();
  const open = openSync(join(temp.home, "data/a"), "r+");
  await restore(temp, ["data"], { "data/a": "new" });
  const read = Buffer.alloc(10);
  assert.equal(read.toString("utf8", 0, readSync(open, read, 0, 10, 0)), "old");
  writeFileSync(open, "late");
  closeSync(open);
  assert.equal(seenWorld(temp.home)["data/a"], "new");
});

test("something that is not staged is a failure that changes nothing", async () => {
  using temp = home();
  await assert.rejects(restore(temp, ["data", "file"], { "data/a": "new" }), {
    code: "failed",
    message: /nothing is staged at/,
  });
  assert.deepEqual([seenWorld(temp.home), seenWorld(temp.at("state"))], [old, {}]);
});

test("a place that was not prepared is refused", async () => {
  using temp = home();
  await using swap = await Swap.begin(temp.record, id, [join(temp.home, "file")]);
  const units = [{ place: join(temp.home, "data"), staged: temp.at("x") }];
  await assert.rejects(swap.commit(units, { keepOld: () => false, signal }), { code: "internal" });
});

test("while an interrupted restore is not undone, no other one begins", async () => {
  using temp = home();
  await Swap.begin(temp.record, id, [join(temp.home, "file")]); // Forgotten, as by a crash.
  await assert.rejects(Swap.begin(temp.record, "another", [join(temp.home, "data")]), {
    code: "wrong-state",
    message: /interrupted/,
  });
  const recovered = await recoverSwap(temp.record);
  assert.deepEqual(recovered, { is: "undone", id, places: [join(temp.home, "file")], kept: [] });
  assert.deepEqual(seenWorld(temp.home), old);
});

test("without a record there is nothing to recover, and a damaged one is told with what to do", async () => {
  using temp = home();
  assert.equal(await recoverSwap(temp.record), undefined);
  assert.equal(await recoverSwap(temp.at("nowhere/record.json")), undefined);
  writeFileSync(temp.record, "{");
  await assert.rejects(recoverSwap(temp.record), { code: "failed", message: /restore\.json.*ostler-before/ });
});

test("what is there already under a name of ours is not taken for ours", async () => {
  using temp = home({ ...old, [`.ostler-before.${id}.0/a`]: "precious" });
  await assert.rejects(restore(temp, ["file"], { file: "new" }), { code: "wrong-state", message: /is there already/ });
  rmSync(join(temp.home, `.ostler-before.${id}.0`), { recursive: true });
  makeWorld(temp.home, { [`.ostler-restore.${id}.0/a`]: "precious" });
  await assert.rejects(restore(temp, ["file"], { file: "new" }), { code: "wrong-state", message: /is there already/ });
  assert.deepEqual(seenWorld(temp.home), { ...old, [`.ostler-restore.${id}.0/a`]: "precious" });
});

test("what somebody has put in place between a crash and the undoing is kept beside, and named", async () => {
  using temp = home();
  const crash = new Error("crash");
  const step: Step = (what) => {
    if (what.includes("to .ostler-before")) throw crash;
  };
  const place = join(temp.home, "data");
  const swap = await Swap.begin(temp.record, id, [place], (what) => {
    step(what);
  });
  makeWorld(swap.stagings[0]?.directory ?? "", { "new/a": "new" });
  const before = join(dirname(place), `.ostler-before.${id}.0`);
  swap[Symbol.asyncDispose] = () => Promise.resolve(); // As if it had been killed there.
  await assert.rejects(
    swap.commit([{ place, staged: join(swap.stagings[0]?.directory ?? "", "new") }], { keepOld: () => false, signal }),
  );
  assert.ok(statSync(before).isDirectory());
  makeWorld(temp.home, { "data/intruder": "precious" });
  const recovered = await recoverSwap(temp.record);
  assert.deepEqual(recovered?.kept, [`${place}.before-${id}`]);
  assert.deepEqual(seenWorld(temp.home), { ...old, [`data.before-${id}/intruder`]: "precious" });
});

test("the root is refused", async () => {
  using temp = home();
  await assert.rejects(Swap.begin(temp.record, id, ["/"]), {
    code: "wrong-state",
    message: /into a directory instead/,
  });
  assert.deepEqual(seenWorld(temp.at("state")), {});
});
