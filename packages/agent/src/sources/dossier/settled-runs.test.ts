import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import type { NamedFile } from "../../platform/file-identity.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { SettledRuns, type Begun, type Difference } from "./settled-runs.js";

const slot = { service: "web", process: "main" };
const none = { added: [], removed: [], changed: [] };

const begun = (environment: Record<string, string>, files: NamedFile[] = []): Begun => ({ environment, files });
const program = (path: string, bytes = 10): NamedFile => ({
  word: "./serve",
  file: { path, bytes, modified: "2026-01-01T00:00:00.000Z", inode: 7 },
});

function opened(dir: TempDir, told: string[] = []): SettledRuns {
  const deps = { degraded: (reason: string) => void told.push(reason), recovered: () => void told.push("recovered") };
  return new SettledRuns(dir.at("settled.json"), deps);
}

/** What is different in the second, after the first has gone well under an agent before. */
async function difference(before: Begun, now: Begun): Promise<Difference> {
  using dir = tempDir();
  {
    await using runs = opened(dir);
    runs.remember(slot, 3, before);
  }
  await using runs = opened(dir);
  return runs.differenceTo(slot, 3, now);
}

test("variables that were added, removed or changed are named, also by the next agent", async () => {
  const { environment } = await difference(begun({ A: "1", B: "2", C: "3" }), begun({ A: "1", B: "two", D: "4" }));
  assert.deepEqual(environment, { added: ["D"], removed: ["C"], changed: ["B"] });
  assert.deepEqual((await difference(begun({ A: "1" }), begun({ A: "1" }))).environment, none);
});

test("another release of the program is told with where it was; a word that was not there before says nothing", async () => {
  const old = program("/opt/app/41/serve");
  const now = program("/opt/app/42/serve");
  const { files } = await difference(begun({}, [old]), begun({}, [now, { ...now, word: "more" }]));
  assert.deepEqual(files, [{ word: "./serve", from: old.file, to: now.file }]);
  assert.deepEqual((await difference(begun({}, [old]), begun({}, [old]))).files, []);
});

test("no value is kept, and what is kept of it nobody can guess without the key of this agent", async () => {
  using one = tempDir();
  using other = tempDir();
  const kept = await Promise.all(
    [one, other].map(async (dir) => {
      await using runs = opened(dir);
      runs.remember(slot, 1, begun({ TOKEN: "hunter2" }));
      await runs[Symbol.asyncDispose]();
      assert.equal(statSync(dir.at("settled.json")).mode & 0o777, 0o600);
      return readFileSync(dir.at("settled.json"), "utf8");
    }),
  );
  assert.ok(kept.every((text) => !text.includes("hunter2")));
  const digests = kept.map((text) => /"TOKEN":"([^"]+)"/.exec(text)?.[1]);
  assert.ok(digests[0] !== undefined && digests[0] !== digests[1]);
});

test("of a run of which nothing is known nothing is said", async () => {
  using dir = tempDir();
  await using runs = opened(dir);
  assert.deepEqual(runs.differenceTo(slot, 1, begun({})), {});
  runs.remember(slot, 1, begun({}));
  assert.deepEqual(runs.differenceTo(slot, 2, begun({})), {});
  assert.deepEqual(runs.differenceTo(slot, 1, undefined), {});
  runs.remember(slot, 2, undefined);
  assert.deepEqual(runs.differenceTo(slot, 1, begun({})), { environment: none, files: [] });
  runs.forget("web");
  assert.deepEqual(runs.differenceTo(slot, 1, begun({})), {});
});

test("a torn file is forgotten, and a directory that cannot be written is told once and costs no comparison", async () => {
  using dir = tempDir();
  dir.write("settled.json", '{"key": "half');
  const told: string[] = [];
  await using runs = opened(dir, told);
  assert.deepEqual(runs.differenceTo(slot, 1, begun({})), {});
  const elsewhere = new SettledRuns(dir.at("none/settled.json"), {
    degraded: (reason) => void told.push(reason),
    recovered: () => void told.push("recovered"),
  });
  elsewhere.remember(slot, 1, begun({ A: "1" }));
  await until(() => told.length > 0, "it is told");
  elsewhere.remember(slot, 2, begun({ A: "1" }));
  await elsewhere[Symbol.asyncDispose]();
  assert.match(told.join(), /^\S+settled\.json cannot be written: ENOENT/);
  assert.equal(told.length, 1);
  assert.deepEqual(elsewhere.differenceTo(slot, 2, begun({ A: "1" })).environment, none);
});
