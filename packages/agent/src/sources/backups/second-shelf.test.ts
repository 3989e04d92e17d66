import assert from "node:assert/strict";
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { backupIdOf, type BackupId } from "../../core/backup/backup-id.js";
import { shelve } from "../../testing/shelved.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { secondShelf, type SecondShelf } from "./second-shelf.js";
import { shelfAt } from "./shelf.js";

const [one, other] = ["shop.data.20261120T100000Z", "shop.data.20261121T100000Z"] as const;
const signal = new AbortController().signal;
const doing = { signal, progress: () => undefined };

/** Two backups, both copied. */
async function copied(
  mustBeMount = false,
): Promise<TempDir & { second: SecondShelf; copies: () => Promise<string[]> }> {
  const temp = tempDir();
  for (const id of [one, other]) shelve(temp.at("first"), id);
  const shelf = secondShelf(temp.at("first"), { dir: temp.at("second"), must_be_mount: false });
  for (const id of [one, other]) await shelf.copy(id, () => false, doing);
  const second = secondShelf(temp.at("first"), { dir: temp.at("second"), must_be_mount: mustBeMount });
  const copies = async (): Promise<string[]> => [
    ...(await second.copiesOf(await shelfAt(temp.at("first")).list(), signal)),
  ];
  return { ...temp, second, copies };
}

const isOne = (id: BackupId): boolean => backupIdOf(id) === one;

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
  await temp.second.remove([one], signal);
  temp.write("second", "in the way");
  assert.deepEqual(await temp.copies(), []);
  assert.deepEqual(await temp.second.clean(() => true), []);
});

test("what a killed agent has left of copies is removed, and nothing of others", async () => {
  using temp = await copied();
  rmSync(temp.at(`second/${one}.json`));
  writeFileSync(temp.at(`second/${one}.json.part`), "");
  writeFileSync(temp.at("second/web.data.20261120T100000Z.tar.gz.part"), "");
  await temp.second.clean(isOne);
  const left = [".json", ".sha256", ".tar.gz"].map((end) => `${other}${end}`);
  assert.deepEqual(readdirSync(temp.at("second")), [...left, "web.data.20261120T100000Z.tar.gz.part"]);
});

test("where nothing is mounted, nothing is cleaned", async () => {
  using temp = await copied(true);
  writeFileSync(temp.at(`second/${one}.json.part`), "");
  assert.deepEqual(await temp.second.clean(() => true), []);
});

test("a copy goes with its backup, also one that never became whole", async () => {
  using temp = await copied();
  rmSync(temp.at(`second/${one}.json`));
  await temp.second.remove([one], signal);
  assert.deepEqual(await temp.copies(), [other]);
  await temp.second.remove([other], signal);
  assert.deepEqual(readdirSync(temp.at("second")), []);
});
