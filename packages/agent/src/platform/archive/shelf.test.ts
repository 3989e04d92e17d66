import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { shelve } from "../../testing/shelved.js";
import { tempDir } from "../../testing/temp-dir.js";
import { shelfAt } from "./shelf.js";

const [first, second, third] = [
  "shop.data.20261119T100000Z",
  "shop.data.20261120T100000Z",
  "shop.data.20261120T100000Z-2",
];
const all = (): boolean => true;

test("backups are listed newest first, with what their manifests say", async () => {
  using temp = tempDir();
  for (const id of [second, first, third]) shelve(temp.path, id);
  const backups = await shelfAt(temp.path).list();
  assert.deepEqual(
    backups.map(({ id, header, problem }) => [id, header?.id, problem]),
    [third, second, first].map((id) => [id, id, undefined]),
  );
});

test("a directory that is not there has no backups", async () => {
  using temp = tempDir();
  const shelf = shelfAt(temp.at("nowhere"));
  assert.deepEqual([await shelf.list(), await shelf.bytes(), await shelf.clean(all)], [[], 0, []]);
});

test("a directory that cannot be read is a failure that names it, and not an empty one", async () => {
  using temp = tempDir();
  const shelf = shelfAt(temp.write("file", ""));
  await assert.rejects(shelf.list(), { code: "failed", message: /^Cannot look for backups: ENOTDIR.*file/ });
});

const spoilt: [what: string, spoil: (directory: string) => void, problem: RegExp][] = [
  [
    "has no archive",
    (at) => rmSync(join(at, `${first}.tar.gz`)),
    /archive shop\.data\.20261119T100000Z\.tar\.gz is missing/,
  ],
  [
    "has an archive that has grown",
    (at) => appendFileSync(join(at, `${first}.tar.gz`), "+"),
    /has 38 bytes, and should have 37/,
  ],
  ["has an empty manifest", (at) => writeFileSync(join(at, `${first}.json`), ""), /cannot be read/],
  ["has a torn manifest", (at) => writeFileSync(join(at, `${first}.json`), '{"format":"ost'), /cannot be read/],
  [
    "has a manifest of zeros",
    (at) => writeFileSync(join(at, `${first}.json`), Buffer.alloc(100_000)),
    /cannot be read/,
  ],
  [
    "has the manifest of another",
    (at) => writeFileSync(join(at, `${first}.json`), readFileSync(join(at, `${second}.json`))),
    /is that of shop\.data\.20261120T100000Z/,
  ],
  [
    "names an archive elsewhere",
    (at) =>
      writeFileSync(
        join(at, `${first}.json`),
        readFileSync(join(at, `${first}.json`), "utf8").replace(`"file":"`, `"file":"../`),
      ),
    /archive \.\.\/shop.* is missing/,
  ],
];

for (const [what, spoil, problem] of spoilt)
  test(`a backup that ${what} is listed with its problem, beside the good ones`, async () => {
    using temp = tempDir();
    for (const id of [first, second]) shelve(temp.path, id);
    spoil(temp.path);
    const [good, bad] = await shelfAt(temp.path).list();
    assert.deepEqual([good?.id, good?.problem, bad?.id], [second, undefined, first]);
    assert.match(bad?.problem ?? "", problem);
  });

test("of a manifest only the first line is read, however long it is", async () => {
  using temp = tempDir();
  shelve(temp.path, first);
  const path = temp.at(`${first}.json`);
  const long = readFileSync(path, "utf8").replace(`"paths":["/data"]`, `"paths":["/${"d".repeat(300_000)}"]`);
  writeFileSync(path, `${long.split("\n")[0]}\nthis is no JSON\n`);
  const [backup] = await shelfAt(temp.path).list();
  assert.deepEqual([backup?.problem, backup?.header?.paths[0]?.length], [undefined, 300_001]);
});

test("a pipe, a directory and a link of such a name are no backups, and hold up nobody", async () => {
  using temp = tempDir();
  mkdirSync(temp.at(`${first}.json`));
  symlinkSync("nowhere", temp.at(`${second}.json`));
  spawnSync("mkfifo", [temp.at(`${third}.json`)]);
  assert.deepEqual(await shelfAt(temp.path).list(), []);
});

test("removing takes all files of a backup and none of another", async () => {
  using temp = tempDir();
  for (const id of [second, third]) shelve(temp.path, id);
  temp.write("notes.txt", "");
  await shelfAt(temp.path).remove(second);
  assert.deepEqual(readdirSync(temp.path).toSorted(), [
    "notes.txt",
    `${third}.json`,
    `${third}.sha256`,
    `${third}.tar.gz`,
  ]);
});

for (const id of [first, "../other", "notes", ""])
  test(`removing "${id}", which is no backup here, is refused`, async () => {
    using temp = tempDir();
    temp.write("notes.json", "");
    await assert.rejects(shelfAt(temp.path).remove(id), { code: "not-found" });
    assert.deepEqual(readdirSync(temp.path), ["notes.json"]);
  });

test("a backup whose files are half removed is not listed, and goes with the leftovers", async () => {
  using temp = tempDir();
  shelve(temp.path, first);
  rmSync(temp.at(`${first}.json`));
  const shelf = shelfAt(temp.path);
  assert.deepEqual(await shelf.list(), []);
  assert.deepEqual(await shelf.clean(all), [`${first}.sha256`, `${first}.tar.gz`]);
  assert.deepEqual(readdirSync(temp.path), []);
});

test("cleaning leaves whole backups, those that another has in hand, and what is none of ours", async () => {
  using temp = tempDir();
  shelve(temp.path, first);
  const ours = [`${first}.json.part`, `${second}.tar.zst.age`, `${second}.tar.part`];
  const theirs = ["blog.data.20261120T100000Z.tar.part", "shop.tar", "shop.data.2026.tar", `${second}.txt`];
  for (const name of [...ours, ...theirs]) temp.write(name, "x");
  const removed = await shelfAt(temp.path).clean(({ service }) => service === "shop");
  assert.deepEqual(removed.toSorted(), ours.toSorted());
  assert.deepEqual(readdirSync(temp.path).length, 3 + theirs.length);
});

test("bytes are those of all files of backups, also of leftovers, and of nothing else", async () => {
  using temp = tempDir();
  shelve(temp.path, first);
  temp.write(`${second}.tar.part`, "12345");
  temp.write("film", "123456789");
  const shelf = shelfAt(temp.path);
  const [backup] = await shelf.list();
  assert.equal(await shelf.bytes(), (backup?.bytes ?? 0) + 5);
});
