import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { literally } from "../../platform/archive/path-glob.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { makeWorld, seenWorld, type World } from "../../testing/worlds.js";
import type { Doing, Engine, Made } from "./engine.js";
import { restoreIntoPlace, type Restored } from "./restore.js";

const id = "shop.data.20261120T100000Z";
const doing: Doing = { signal: new AbortController().signal, progress: () => undefined };

/** A backup of which only what is extracted matters: `fresh`, in `home`. `asked` hears what is extracted. */
function engineWith(temp: TempDir, fresh: World, asked: (only: readonly string[]) => void): Engine {
  const none = (): never => assert.fail("This is not asked here.");
  return {
    ...{ kind: "archive", create: none, list: none, verify: none, rootsOf: none, remove: none, clean: none },
    extract: async (_, into, only) => {
      asked(only ?? []);
      makeWorld(join(into, temp.at("home")), fresh);
      return { files: 1, bytes: 1 };
    },
  };
}

type Told = { isPartial?: boolean; exclude?: string[]; asked?: (only: readonly string[]) => void };

function restore(temp: TempDir, places: string[], fresh: World, told: Told = {}): Promise<Restored> {
  const { isPartial = false, exclude = [], asked = () => undefined } = told;
  const safety = async (): Promise<Made> => ({
    ...{ id: "shop.data.20261121T100000Z", files: 1, bytes: 1, storedBytes: 1, isPartial },
    flaws: { isEmpty: false, changed: [], vanished: [], skipped: [] },
  });
  mkdirSync(temp.at("records"));
  const at = (path: string): string => join(temp.at("home"), path);
  const how = { record: temp.at("records/one"), exclude: exclude.map(at), safety };
  return restoreIntoPlace(engineWith(temp, fresh, asked), id, places.map(at), how, doing);
}

test("what was there goes when all of it is in a backup", async () => {
  using temp = tempDir();
  makeWorld(temp.at("home"), { "a/x": "old" });
  const { kept, safety } = await restore(temp, ["a"], { "a/x": "new" });
  assert.deepEqual([kept, safety], [[], "shop.data.20261121T100000Z"]);
  assert.deepEqual(seenWorld(temp.at("home")), { "a/x": "new" });
});

test("what was there stays beside the new when it could not be backed up as it was", async () => {
  using temp = tempDir();
  makeWorld(temp.at("home"), { "a/x": "old", b: "old" });
  const { kept } = await restore(temp, ["a", "b"], { "a/x": "new", b: "new" }, { isPartial: true });
  assert.deepEqual(
    kept,
    ["a", "b"].map((name) => temp.at(`home/${name}.before-${id}`)),
  );
  assert.deepEqual(seenWorld(temp.at("home")), {
    ...{ "a/x": "new", b: "new" },
    ...{ [`a.before-${id}/x`]: "old", [`b.before-${id}`]: "old" },
  });
});

test("what the set leaves out by now stays beside the new, in a place, as one, or above it", async () => {
  const table = [
    ["a", "a/*.tmp"],
    ["a", "a"],
    ["a/x", "a"],
    ["a", "a/**.tmp"],
    ["a", "**/y.tmp/"],
  ] as const;
  for (const [place, exclude] of table) {
    using temp = tempDir();
    makeWorld(temp.at("home"), { "a/x": "old", "a/y.tmp": "old" });
    const { kept } = await restore(temp, [place], { "a/x": "new" }, { exclude: [exclude] });
    assert.deepEqual(kept, [temp.at(`home/${place}.before-${id}`)], exclude);
  }
});

test("what is left out is found at any depth, and below a file there is nothing", async () => {
  const deep = `a/${[...Array(40).keys()].join("/")}/y.tmp`;
  const table = [
    ["a/**/*.tmp", true],
    ["a/x/below", false],
    ["a/*.tmp", false],
    ["a/**.tmp", false],
  ] as const;
  for (const [exclude, isKept] of table) {
    using temp = tempDir();
    makeWorld(temp.at("home"), { "a/x": "old", [deep]: "old" });
    const { kept } = await restore(temp, ["a"], { "a/x": "new" }, { exclude: [exclude] });
    assert.deepEqual(kept, isKept ? [temp.at(`home/a.before-${id}`)] : [], exclude);
  }
});

test("a backup is read once, however many places it has", async () => {
  using temp = tempDir();
  const places = ["mail/a", "mail/b", "mail/c[1]", "other/deep/d"];
  const world = Object.fromEntries(places.map((place) => [`${place}/x`, "new"]));
  makeWorld(temp.at("home"), { "mail/a/x": "old" });
  const asked: string[] = [];
  await restore(temp, places, world, { asked: (only) => asked.push(only.join(" ")) });
  assert.deepEqual(asked, [places.map((place) => literally(temp.at(`home/${place}`))).join(" ")]);
  assert.deepEqual(seenWorld(temp.at("home")), world);
});

test("where nothing is, nothing is backed up before", async () => {
  using temp = tempDir();
  const { safety } = await restore(temp, ["a"], { "a/x": "new" });
  assert.equal(safety, undefined);
  assert.deepEqual(seenWorld(temp.at("home")), { "a/x": "new" });
});
