import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Disk } from "../core/disk.js";

/** What journal and cursors expect of any disk: the directory of a host and the one in memory pass the same tests. */
export function testDisk(name: string, open: (context: TestContext) => Disk): void {
  const promise = (words: string, story: (disk: Disk) => Promise<void>): void =>
    void test(`${name}: ${words}`, (context) => story(open(context)));

  promise("is empty at first", async (disk) => {
    assert.deepEqual(await disk.list(), []);
  });

  promise("what is appended can be read, from anywhere and as far as there is", async (disk) => {
    await append(disk, "a", "hello ", "world");
    assert.equal(await textOf(disk, "a"), "hello world");
    assert.equal((await disk.read("a", 6, 3)).toString(), "wor");
    assert.equal((await disk.read("a", 6, 100)).toString(), "world");
    assert.equal((await disk.read("a", 11, 100)).length, 0);
    assert.equal((await disk.read("a", 100, 100)).length, 0);
    assert.equal((await disk.read("a", 0, 0)).length, 0);
  });

  promise("bytes are kept as they are", async (disk) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    const file = await disk.open("a");
    await file.append(bytes);
    await file.close();
    assert.deepEqual(await disk.read("a", 0, 256), bytes);
  });

  promise("what was read and what was appended belong to the caller", async (disk) => {
    const bytes = Buffer.from("hello");
    const file = await disk.open("a");
    await file.append(bytes);
    await file.close();
    bytes.fill(0);
    (await disk.read("a", 0, 5)).fill(0);
    assert.equal(await textOf(disk, "a"), "hello");
  });

  promise("opening creates a file, and keeps what is in one that exists", async (disk) => {
    await append(disk, "a");
    assert.deepEqual(
      (await disk.list()).map(({ name, bytes }) => [name, bytes]),
      [["a", 0]],
    );
    await append(disk, "a", "one");
    await append(disk, "a", " two");
    assert.equal(await textOf(disk, "a"), "one two");
  });

  promise("a truncated file ends where it was cut, and goes on from there", async (disk) => {
    const file = await disk.open("a");
    await file.append(Buffer.from("hello world"));
    await file.truncate(5);
    await file.append(Buffer.from("!"));
    await file.sync();
    await file.close();
    assert.equal(await textOf(disk, "a"), "hello!");
  });

  promise("two who have a file open both append at its end", async (disk) => {
    const [one, two] = [await disk.open("a"), await disk.open("a")];
    await one.append(Buffer.from("one "));
    await two.append(Buffer.from("two "));
    await one.append(Buffer.from("three"));
    await one.close();
    await two.close();
    assert.equal(await textOf(disk, "a"), "one two three");
  });

  promise("a replaced file has the new content and nothing of the old", async (disk) => {
    await disk.replace("a", "a long text");
    await disk.replace("a", "ünï→🦉");
    assert.equal(await textOf(disk, "a"), "ünï→🦉");
    assert.deepEqual(
      (await disk.list()).map(({ name }) => name),
      ["a"],
    );
  });

  promise("a removed file is gone, and removing it again is no failure", async (disk) => {
    await disk.replace("a", "text");
    await disk.remove("a");
    await disk.remove("a");
    assert.deepEqual(await disk.list(), []);
    await assert.rejects(disk.read("a", 0, 1));
  });

  promise("a file that is removed while somebody has it open is no failure for him", async (disk) => {
    const file = await disk.open("a");
    await disk.remove("a");
    await file.append(Buffer.from("text"));
    await file.sync();
    await file.close();
  });

  promise("a file that is not there cannot be read", async (disk) => {
    await assert.rejects(disk.read("a", 0, 1));
  });

  promise("files are listed with their size and when they last changed", async (disk) => {
    // A file system may keep times a little coarser than the clock.
    const before = Date.now() - 1000;
    await append(disk, "a", "12345");
    await disk.replace("b", "→");
    const files = (await disk.list()).sort((x, y) => x.name.localeCompare(y.name));
    assert.deepEqual(
      files.map(({ name, bytes }) => [name, bytes]),
      [
        ["a", 5],
        ["b", 3],
      ],
    );
    for (const { modifiedMs } of files) assert.ok(modifiedMs >= before && modifiedMs <= Date.now() + 1000);
  });
}

async function append(disk: Disk, name: string, ...texts: string[]): Promise<void> {
  const file = await disk.open(name);
  for (const text of texts) await file.append(Buffer.from(text));
  await file.sync();
  await file.close();
}

async function textOf(disk: Disk, name: string): Promise<string> {
  return (await disk.read(name, 0, 1000)).toString();
}
