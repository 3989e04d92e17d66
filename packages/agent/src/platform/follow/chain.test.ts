import assert from "node:assert/strict";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { follow } from "../../testing/followed.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { accessTo } from "./access.js";
import { BufferPool, chunkBytes } from "./buffers.js";
import { openFile } from "./byte-source.js";
import { Chain, lateMs } from "./chain.js";
import { atBeginning } from "./restore.js";
import { watchFile } from "./watch.js";

test("where nothing can be watched, a look finds what was added", async () => {
  using directory = tempDir();
  const path = directory.write("app.log", "one\n");
  const lines: string[] = [];
  const chain = new Chain(undefined, {
    ...{
      clock: new FakeClock(),
      signal: new AbortController().signal,
      buffers: new BufferPool(chunkBytes).share(),
      maxLineBytes: 1000,
      canWatch: false,
    },
    take: ({ bytes }) => void lines.push(Buffer.from(bytes).toString()),
    gap: () => assert.fail(),
    isFirstContent: async () => true,
    changed: () => assert.fail(),
  });
  await chain.push(await openFile(path, accessTo(path)), atBeginning, 1, false);
  await chain.read(false);
  appendFileSync(path, "two\n");
  await chain.read(false);
  assert.deepEqual(lines, ["one\n"]);
  await chain.read(true);
  assert.deepEqual(lines, ["one\n", "two\n"]);
  await chain.close();
});

test("what cannot be watched is not: a host may have no more watches", () => {
  assert.equal(
    watchFile(999_999, () => assert.fail()),
    undefined,
  );
});

test("a rotated file is followed until it was quiet for a minute; then a line without an end comes as it is", async () => {
  using directory = tempDir();
  const [path, old] = [directory.write("app.log", "one\n"), directory.at("app.log.1")];
  const clock = new FakeClock();
  await using it = follow(path, {}, { clock });
  await it.follower.caughtUp();
  renameSync(path, old);
  writeFileSync(path, "two\n");
  await until(async () => (await clock.pass(100), it.lines.length === 2));
  await clock.pass(lateMs / 2);
  appendFileSync(old, "late\nhal");
  await until(async () => (await clock.pass(100), it.lines.length === 3));
  assert.equal(it.position()?.late?.length, 1);
  await until(async () => (await clock.pass(1000), it.lines.length === 4));
  assert.deepEqual(it.lines.slice(2), ["late", "hal"]);
  assert.deepEqual(it.places.slice(2), ["1:4", "1:9"]);
  appendFileSync(old, "f\n");
  appendFileSync(path, "three\n");
  await until(async () => (await clock.pass(100), it.lines.length === 5));
  assert.equal(it.lines.at(-1), "three");
  assert.equal(it.position()?.late, undefined);
});
