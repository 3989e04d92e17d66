import assert from "node:assert/strict";
import { appendFile, mkdir, readdir, readFile, readlink, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OstlerError } from "@ostler/protocol";
import { counted, countedFrom, numbers, seqs } from "../fixtures/counted.js";
import { all, first } from "../fixtures/first.js";
import { tempDir } from "../fixtures/temp-dir.js";
import { fileStore } from "./file.js";
import type { EventStore } from "./store.js";

async function stored(store: EventStore, host = "a", from = 0): Promise<number[]> {
  return seqs((await all(store.read(host, from))).map(({ event }) => event));
}

async function filesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).sort().map((name) => join(directory, name));
}

async function lastFileIn(directory: string): Promise<string> {
  const last = (await filesIn(directory)).at(-1);
  assert.ok(last);
  return last;
}

/** How many files below a directory this process holds open. */
async function openBelow(directory: string): Promise<number> {
  const targets = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(targets)).filter((target) => target.startsWith(directory)).length;
}

test("events, positions and cursors are the same after the store is opened again", async () => {
  await using directory = await tempDir();
  const before = fileStore(directory.path);
  const { end } = await before.append("a", countedFrom(1, 3));
  const position = await before.append("a", countedFrom(4, 6));
  await before.close();
  const store = fileStore(directory.path);
  assert.deepEqual((await store.positions()).get("a"), position);
  assert.deepEqual(await stored(store, "a", end), [4, 5, 6]);
  await store.append("a", [counted(7)]);
  assert.deepEqual(await stored(store), numbers(1, 7));
  await store.close();
});

test("a last line that was torn by a crash is cut off, and the event is taken when it comes again", async () => {
  await using directory = await tempDir();
  const before = fileStore(directory.path);
  await before.append("a", countedFrom(1, 3));
  await before.close();
  const file = await lastFileIn(join(directory.path, "a"));
  await truncate(file, (await stat(file)).size - 5);
  const store = fileStore(directory.path);
  assert.equal((await store.positions()).get("a")?.seq, 2);
  await store.append("a", countedFrom(3, 4));
  assert.deepEqual(await stored(store), [1, 2, 3, 4]);
  await store.close();
});

test("a host whose very first line was torn is as good as new", async () => {
  await using directory = await tempDir();
  await mkdir(join(directory.path, "a"));
  await writeFile(join(directory.path, "a", "0000000000000000.ndjson"), '{"specversion":');
  const store = fileStore(directory.path);
  assert.equal((await store.positions()).has("a"), false);
  await store.append("a", countedFrom(1, 2));
  assert.deepEqual(await stored(store), [1, 2]);
  await store.close();
});

test("half a line that a failed append left behind does not spoil the next one", async () => {
  await using directory = await tempDir();
  const before = fileStore(directory.path);
  await before.append("a", countedFrom(1, 2));
  await before.close();
  const store = fileStore(directory.path);
  await store.positions();
  await appendFile(await lastFileIn(join(directory.path, "a")), '{"half":');
  await store.append("a", countedFrom(3, 4));
  assert.deepEqual(await stored(store), [1, 2, 3, 4]);
  await store.close();
});

test("a store that could not write can write again when the reason is gone", async () => {
  await using directory = await tempDir();
  const store = fileStore(directory.path);
  await writeFile(join(directory.path, "a"), "in the way of the host's directory");
  await assert.rejects(store.append("a", countedFrom(1, 2)));
  assert.equal((await store.positions()).has("a"), false);
  await rm(join(directory.path, "a"));
  await store.append("a", countedFrom(1, 2));
  assert.deepEqual(await stored(store), [1, 2]);
  await store.close();
});

test("the oldest events go when a host has more bytes than allowed", async () => {
  await using directory = await tempDir();
  const store = fileStore(directory.path, { maxBytes: 20_000 });
  for (const seq of numbers(1, 300)) await store.append("a", [counted(seq)]);
  const sizes = await Promise.all(
    (await filesIn(join(directory.path, "a"))).map(async (file) => (await stat(file)).size),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(total <= 20_000 && total > 10_000, `${total} bytes are kept`);
  const kept = await stored(store);
  assert.deepEqual(kept, numbers(kept[0] ?? 0, 300));
  await store.close();
});

test("cursors stay right when segments were dropped, also after the store is opened again", async () => {
  await using directory = await tempDir();
  const before = fileStore(directory.path, { maxBytes: 20_000 });
  for (const seq of numbers(1, 290)) await before.append("a", [counted(seq)]);
  const { end } = (await before.positions()).get("a") ?? { end: 0 };
  for (const seq of numbers(291, 300)) await before.append("a", [counted(seq)]);
  await before.close();
  const store = fileStore(directory.path, { maxBytes: 20_000 });
  assert.deepEqual(await stored(store, "a", end), numbers(291, 300));
  assert.deepEqual((await stored(store, "a", 1)).at(-1), 300);
  await store.close();
});

test("a reader that is overtaken goes on with what is still kept", async () => {
  await using directory = await tempDir();
  const store = fileStore(directory.path, { maxBytes: 20_000 });
  for (const seq of numbers(1, 80)) await store.append("a", [counted(seq)]);
  const seen: number[] = [];
  for await (const { event } of store.read("a", 0)) {
    if (seen.push(...seqs([event])) === 1) for (const seq of numbers(81, 300)) await store.append("a", [counted(seq)]);
  }
  assert.ok(seen.length > 0 && seen.length < 80, `${seen.length} of the first 80 events were still there`);
  assert.deepEqual(
    seen,
    [...new Set(seen)].sort((a, b) => a - b),
  );
  await store.close();
});

test("a reader that leaves in the middle leaves no file open", async () => {
  await using directory = await tempDir();
  const store = fileStore(directory.path);
  await store.append("a", countedFrom(1, 2000));
  for (const wanted of [1, 500, 2000]) assert.equal((await first(wanted, store.read("a", 0))).length, wanted);
  await store.close();
  assert.equal(await openBelow(directory.path), 0);
});

test("no name of a host leads out of the directory", async () => {
  await using directory = await tempDir();
  const store = fileStore(join(directory.path, "events"));
  for (const name of [".", "..", "../events2", "/tmp"]) await store.append(name, [counted(1)]);
  await store.close();
  assert.deepEqual(await readdir(directory.path), ["events"]);
  assert.equal((await readdir(join(directory.path, "events"))).length, 4);
});

test("what lies in the directory and is not of the store is left alone", async () => {
  await using directory = await tempDir();
  await mkdir(join(directory.path, "lost+found"));
  await mkdir(join(directory.path, "%zz"));
  await writeFile(join(directory.path, "README"), "events of the fleet\n");
  const store = fileStore(directory.path);
  assert.equal((await store.positions()).size, 0);
  assert.equal(await readFile(join(directory.path, "README"), "utf8"), "events of the fleet\n");
  await store.close();
});

test("only their owner can read what is stored", async () => {
  await using directory = await tempDir();
  const store = fileStore(join(directory.path, "events"));
  await store.append("a", [counted(1)]);
  await store.close();
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  assert.equal(await modeOf(join(directory.path, "events", "a")), 0o700);
  assert.equal(await modeOf(await lastFileIn(join(directory.path, "events", "a"))), 0o600);
});

test("a place where nothing can be stored is named", async () => {
  await using directory = await tempDir();
  await writeFile(join(directory.path, "file"), "");
  const store = fileStore(join(directory.path, "file"));
  await assert.rejects(
    store.positions(),
    (failure) => failure instanceof OstlerError && failure.code === "failed" && failure.message.includes("file"),
  );
});
