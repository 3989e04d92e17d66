import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { started } from "../helpers/backup-host.js";
import { SmallDisk } from "../helpers/small-disk.js";
import { needsRoot } from "./tools.js";

const inner = (file: string): string =>
  JSON.stringify(new URL(`../../../packages/agent/dist/${file}`, import.meta.url).href);

/** Restores one place where the small disk is seen; prints what came of it. */
const program = `
  import { execFileSync } from "node:child_process";
  import { chmodSync } from "node:fs";
  import { join } from "node:path";
  import { Swap } from ${inner("sources/backups/swap.js")};
  import { makeWorld } from ${inner("testing/worlds.js")};
  const { record, place, world, filler } = JSON.parse(process.argv[1]);
  try {
    const swap = await Swap.begin(record, "shop.data.20261120T100000Z", [place]);
    const staged = join(swap.stagings[0].directory, "staged");
    makeWorld(staged, world);
    chmodSync(staged, 0o750);
    if (filler) try { execFileSync("dd", ["if=/dev/zero", "of=" + filler, "bs=4k"], { stdio: "ignore" }); } catch {}
    const { kept } = await swap.commit([{ place, staged }], { keepOld: () => false, signal: new AbortController().signal });
    console.log("kept " + kept.length);
  } catch (failure) {
    console.log(failure.code + ": " + failure.message);
  }
`;

/** Where places are staged that are in these directories, as user `uid`. */
const roomsProgram = `
  import { dirname } from "node:path";
  import { roomsFor } from ${inner("sources/backups/staging-rooms.js")};
  const { places, uid } = JSON.parse(process.argv[1]);
  process.setuid(uid);
  console.log(JSON.stringify(await roomsFor(places.map((place) => ({ place, beside: dirname(place) })))));
`;

function roomsOf(wrapper: string[], places: string[], uid = 0): unknown {
  const words = [process.execPath, "--input-type=module", "-e", roomsProgram, JSON.stringify({ places, uid })];
  const [first = "", ...rest] = [...wrapper, ...words];
  const { stdout, stderr } = spawnSync(first, rest, { encoding: "utf8", cwd: "/" });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

type Task = { record: string; place: string; world: Record<string, string>; filler?: string };

function restore(disk: SmallDisk, task: Task): string {
  const words = [process.execPath, "--input-type=module", "-e", program, JSON.stringify(task)];
  const [first = "", ...rest] = [...disk.wrapper, ...words];
  const { stdout, stderr } = spawnSync(first, rest, { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.trim();
}

test(
  "what is mounted stays, what is in it is swapped, and it gets the rights of the restored one",
  needsRoot(),
  async () => {
    await using disk = await SmallDisk.mount("4M");
    mkdirSync(join(disk.seen, "lost+found"));
    mkdirSync(join(disk.seen, "gone"));
    for (const name of ["a", "gone/b"]) writeFileSync(join(disk.seen, name), "old");
    chmodSync(disk.seen, 0o777);
    const record = join(mkdtempSync(join(tmpdir(), "ostler-record-")), "restore.json");
    const world = { a: "new", "c/d": "new" };
    assert.equal(restore(disk, { record, place: disk.directory, world }), "kept 0");
    assert.deepEqual(readdirSync(disk.seen).toSorted(), ["a", "c", "lost+found"]);
    assert.equal(readFileSync(join(disk.seen, "a"), "utf8"), "new");
    assert.equal(statSync(disk.seen).mode & 0o7777, 0o750);
    rmdirSync(dirname(record)); // It is empty again.
  },
);

test("a device, which no archive has, stays beside the new", needsRoot(), async () => {
  await using host = await started("paths: [state, lone]");
  host.write("lone", "first\n");
  const { id } = await host.made();
  rmSync(host.at("lone"));
  for (const name of ["state/deep/null", "lone"]) execFileSync("mknod", [host.at(name), "c", "1", "3"]);
  const out = await host.backup("restore", id, "--yes", "--stop");
  assert.equal(out.match(/put aside: /g)?.length, 2);
  for (const kept of [`state.before-${id}/deep/null`, `lone.before-${id}`])
    assert.ok(lstatSync(host.at(kept)).isCharacterDevice());
  assert.equal(host.read("lone"), "first\n");
});

test("a disk that becomes full before the swap leaves everything as it was", needsRoot(), async () => {
  await using disk = await SmallDisk.mount("4M");
  mkdirSync(join(disk.seen, "data"));
  writeFileSync(join(disk.seen, "data/a"), "old");
  const [record, place] = [join(disk.directory, "restore.json"), join(disk.directory, "data")];
  const said = restore(disk, { record, place, world: { a: "new" }, filler: join(disk.directory, "filler") });
  assert.match(said, /^disk-full: .*everything is as it was/);
  assert.deepEqual(readdirSync(disk.seen).toSorted(), ["data", "filler"]);
  assert.equal(readFileSync(join(disk.seen, "data/a"), "utf8"), "old");
  assert.deepEqual(readdirSync(join(disk.seen, "data")), ["a"]);
});

test("a directory in which something is mounted is refused: it would go with the old", needsRoot(), async () => {
  await using disk = await SmallDisk.mount("4M");
  mkdirSync(join(disk.seen, "data/inner"), { recursive: true });
  const [first, ...rest] = [...disk.wrapper, "mount", "-t", "tmpfs", "tmpfs", join(disk.directory, "data/inner")];
  assert.equal(spawnSync(first, rest).status, 0);
  const [record, place] = [join(disk.directory, "restore.json"), join(disk.directory, "data")];
  assert.match(restore(disk, { record, place, world: { a: "new" } }), /^wrong-state: .*mounted in it, at .*inner/);
  assert.deepEqual(readdirSync(disk.seen), ["data"]);
});

test("places on several mounts are staged in each of them, also where it is one file system", needsRoot(), async () => {
  await using disk = await SmallDisk.mount("4M");
  for (const name of ["a", "b", "bound"]) mkdirSync(join(disk.seen, name));
  const at = (path: string): string => join(disk.directory, path);
  const [first, ...rest] = [...disk.wrapper, "mount", "--bind", at("a"), at("bound")];
  assert.equal(spawnSync(first, rest).status, 0);
  const places = [at("a/x"), at("bound/x"), at("b/x"), join(tmpdir(), "x")];
  assert.deepEqual(roomsOf([...disk.wrapper], places), [
    { above: disk.directory, places: [at("a/x"), at("b/x")] },
    { above: at("bound"), places: [at("bound/x")] },
    { above: tmpdir(), places: [join(tmpdir(), "x")] },
  ]);
});

test("who may not write above all places stages them beside each", needsRoot(), () => {
  const base = mkdtempSync(join(tmpdir(), "ostler-rooms-"));
  const at = (path: string): string => join(base, path);
  chmodSync(base, 0o755);
  for (const name of ["a", "b"]) mkdirSync(at(name));
  for (const name of ["a", "b"]) chmodSync(at(name), 0o777);
  const places = [at("a/x"), at("b/x"), at("a/y")];
  assert.deepEqual(roomsOf([], places, 65_534), [
    { above: at("a"), places: [at("a/x"), at("a/y")] },
    { above: at("b"), places: [at("b/x")] },
  ]);
  assert.deepEqual(roomsOf([], places), [{ above: base, places }]);
  rmSync(base, { recursive: true });
});
