import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runArchive } from "../../platform/archive/run.js";
import { shelfAt, type ShelvedBackup } from "../../platform/archive/shelf.js";
import { shelve } from "../../testing/shelved.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import type { ArchiveEngineDeps } from "./archive-engine.js";
import { secondShelf, type SecondShelf } from "./second-shelf.js";

const [one, other] = ["shop.data.20261120T100000Z", "shop.data.20261121T100000Z"] as const;
const signal = new AbortController().signal;
const doing = { signal, progress: () => undefined };
const program = fileURLToPath(new URL("../../archive.js", import.meta.url));
const deps: Pick<ArchiveEngineDeps, "run" | "agent"> = {
  run: (job, how) => runArchive(job, { program }, how),
  agent: () => ({ id: "0".repeat(32), name: "host", version: "0.1.0" }),
};

const isOfSet = (id: string): boolean => id.startsWith("shop.data.");

type Copied = TempDir & { second: SecondShelf; first: () => Promise<ShelvedBackup[]>; copies: () => Promise<string[]> };

/** Two backups, both copied. */
async function copied(): Promise<Copied> {
  const temp = tempDir();
  for (const id of [one, other]) shelve(temp.at("first"), id);
  const second = secondShelf(temp.at("first"), isOfSet, { dir: temp.at("second"), must_be_mount: false }, deps);
  for (const id of [one, other]) await second.copy(id, doing);
  const first = (): Promise<ShelvedBackup[]> => shelfAt(temp.at("first")).list();
  return { ...temp, second, first, copies: async () => [...(await second.copiesOf(await first(), signal))] };
}

test("a backup has a copy where the second directory has the same archive, whole", async () => {
  using temp = await copied();
  assert.deepEqual(await temp.copies(), [other, one]);
  truncateSync(temp.at(`second/${one}.tar.gz`), 3);
  assert.deepEqual(await temp.copies(), [other]);
  shelve(temp.at("second"), other, "of another host");
  assert.deepEqual(await temp.copies(), []);
});

test("a second directory that is not there, or is none, has no copies and is no failure", async () => {
  using temp = await copied();
  rmSync(temp.at("second"), { recursive: true });
  assert.deepEqual(await temp.copies(), []);
  await temp.second.remove(await temp.first(), doing);
  temp.write("second", "in the way");
  assert.deepEqual(await temp.copies(), []);
  await temp.second.remove(await temp.first(), doing);
});

test("a copy goes with its backup, also one that is damaged, and one of another host with its name stays", async () => {
  using temp = await copied();
  const backups = await temp.first();
  truncateSync(temp.at(`second/${one}.tar.gz`), 3);
  shelve(temp.at("second"), other, "of another host", "1".repeat(32));
  await temp.second.remove(backups, doing);
  assert.deepEqual(
    readdirSync(temp.at("second")),
    [".json", ".sha256", ".tar.gz"].map((end) => `${other}${end}`),
  );
});

const [third, safety, broken] = [
  "shop.data.20261122T100000Z",
  "shop.data.20261123T100000Z",
  "shop.data.20261124T100000Z",
];

test("what has no copy, or one that is damaged, can have one, newest first: but nothing that was made before a restore, or is damaged", async () => {
  using temp = await copied();
  truncateSync(temp.at(`second/${one}.tar.gz`), 3);
  for (const id of [third, safety, broken]) shelve(temp.at("first"), id);
  truncateSync(temp.at(`first/${broken}.tar.gz`), 3);
  const noted = readFileSync(temp.at(`first/${safety}.json`), "utf8").replace('"id":', '"note":"before","id":');
  temp.write(`first/${safety}.json`, noted);
  const uncopied = async (): Promise<string[]> => temp.second.uncopied(await temp.first(), signal);
  assert.deepEqual(await uncopied(), [third, one]);
  shelve(temp.at("second"), third, "of another host", "1".repeat(32));
  assert.deepEqual(await uncopied(), [one]);
  rmSync(temp.at("second"), { recursive: true });
  temp.write("second", "in the way");
  assert.deepEqual(await uncopied(), []);
});

test("a copy whose backup is gone is a stray, unless it is the newest, or another host's or set's, or there is no backup at all", async () => {
  using temp = await copied();
  const strays = async (backups?: ShelvedBackup[]): Promise<string[]> =>
    (await temp.second.strays(backups ?? (await temp.first()), signal)).map(({ id }) => id);
  shelve(temp.at("second"), "shop.more.20261110T100000Z");
  shelve(temp.at("second"), "shop.data.20261110T100000Z", "of another host", "1".repeat(32));
  assert.deepEqual(await strays(), []);
  rmSync(temp.at(`first/${one}.json`));
  assert.deepEqual(await strays(), [one]);
  rmSync(temp.at(`first/${other}.json`));
  assert.deepEqual(await strays(), []);
  shelve(temp.at("first"), third);
  assert.deepEqual(await strays(), [one]);
});
