import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { shelve } from "../../testing/shelved.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { copy } from "./copy.js";
import type { CopyJob } from "./job.js";
import { shelfAt } from "./shelf.js";

const id = "shop.data.20261120T100000Z";
const agentId = "0".repeat(32); // As of what is shelved.

type Ears = { begin?: () => void; at?: (bytes: number) => void; signal?: AbortSignal };

/** A backup in `from`; it is to go to `to`. */
function shelved(
  content: string | Buffer = "content",
): TempDir & { from: string; to: string; copy: (over?: Partial<CopyJob>, ears?: Ears) => Promise<{ bytes: number }> } {
  const temp = tempDir();
  const [from, to] = [temp.at("from"), temp.at("other/disk")];
  shelve(from, id, content);
  return {
    ...{ ...temp, from, to },
    copy: (over = {}, { begin = () => undefined, at = () => undefined, signal = new AbortController().signal } = {}) =>
      copy({ do: "copy", directory: from, id, to, mustBeMount: false, agentId, ...over }, { begin, at }, signal),
  };
}

test("a copy has the same files, and is a backup like the first", async () => {
  using temp = shelved(Buffer.alloc(3_000_000, "abc"));
  await temp.copy();
  assert.deepEqual(readdirSync(temp.to), readdirSync(temp.from));
  for (const file of readdirSync(temp.from))
    assert.ok(readFileSync(join(temp.to, file)).equals(readFileSync(join(temp.from, file))), file);
  assert.deepEqual(await shelfAt(temp.to).list(), await shelfAt(temp.from).list());
});

test("copies and their directory are for the agent's user alone", async () => {
  using temp = shelved();
  await temp.copy();
  const modes = [temp.to, ...readdirSync(temp.to).map((file) => join(temp.to, file))].map(
    (path) => statSync(path).mode & 0o777,
  );
  assert.deepEqual(modes, [0o700, 0o600, 0o600, 0o600]);
});

test("progress goes on to the end and never back", async () => {
  using temp = shelved(Buffer.alloc(3_000_000));
  const seen: number[] = [];
  const { bytes } = await temp.copy({}, { at: (far) => void seen.push(far) });
  assert.ok(seen.length > 4);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.equal(seen.at(-1), bytes);
});

test("a copy that is there already stays as it is", async () => {
  using temp = shelved();
  await temp.copy();
  const inode = statSync(join(temp.to, `${id}.tar.gz`)).ino;
  await temp.copy();
  assert.equal(statSync(join(temp.to, `${id}.tar.gz`)).ino, inode);
});

test("a copy that is no good any more is made again", async () => {
  using temp = shelved();
  await temp.copy();
  truncateSync(join(temp.to, `${id}.tar.gz`), 3);
  await temp.copy();
  assert.deepEqual((await shelfAt(temp.to).list())[0]?.problem, undefined);
});

test("a backup of another host with the same id is not overwritten", async () => {
  using temp = shelved();
  shelve(temp.to, id, "of another host");
  await assert.rejects(temp.copy(), {
    code: "failed",
    message: /directory of its own/,
  });
  assert.equal(readFileSync(join(temp.to, `${id}.tar.gz`), "utf8"), "of another host");
});

test("of two hosts that copy a backup of one id at once, one is refused, and the other's stays", async () => {
  using temp = shelved();
  mkdirSync(temp.to, { recursive: true });
  const theirs = shelve(temp.at("theirs"), id, "of another host", "1".repeat(32));
  copyFileSync(join(temp.at("theirs"), `${id}.json`), join(temp.to, `${id}.json.part`));
  writeFileSync(join(temp.to, `${id}.tar.gz.part`), "of ano");
  await assert.rejects(temp.copy(), { code: "failed", message: /another host copies.*directory of its own/ });
  assert.deepEqual(readdirSync(temp.to), [`${id}.json.part`, `${id}.tar.gz.part`]);
  assert.equal(readFileSync(join(temp.to, `${id}.tar.gz.part`), "utf8"), "of ano");
  assert.notEqual(theirs.agent.id, agentId);
});

const [older, theirs, others] = [
  "shop.data.20261119T100000Z",
  "shop.data.20261118T100000Z",
  "shop.more.20261119T100000Z",
];

test("what a killed copy has left goes with the next one, and nothing of another host or set", async () => {
  using temp = shelved();
  shelve(temp.to, older);
  shelve(temp.to, theirs, "of another host", "1".repeat(32));
  shelve(temp.to, others);
  for (const one of [older, theirs, others])
    renameSync(join(temp.to, `${one}.json`), join(temp.to, `${one}.json.part`));
  await temp.copy();
  const left = new Set(readdirSync(temp.to).map((file) => file.split(".").slice(0, 3).join(".")));
  assert.deepEqual([...left], [theirs, id, others]);
});

test("a place that was taken long ago, and never by anybody, is free again", async () => {
  using temp = shelved();
  mkdirSync(temp.to, { recursive: true });
  const mark = join(temp.to, `${id}.json.part`);
  writeFileSync(mark, "");
  await assert.rejects(temp.copy(), /another host copies/);
  utimesSync(mark, 1, 1);
  await temp.copy();
  assert.equal((await shelfAt(temp.to).list()).length, 1);
});

test("an archive that has changed on the disk is not copied, and nothing of it is left", async () => {
  using temp = shelved("content");
  writeFileSync(join(temp.from, `${id}.tar.gz`), "cantent");
  await assert.rejects(temp.copy(), {
    code: "failed",
    message: /damaged/,
    data: { code: "damaged" },
  });
  assert.deepEqual(readdirSync(temp.to), []);
});

test("a backup with a problem is not copied, nor one that is not there", async () => {
  using temp = shelved();
  appendFileSync(join(temp.from, `${id}.tar.gz`), "+");
  await assert.rejects(temp.copy(), { code: "failed", message: /has 8 bytes/ });
  await assert.rejects(temp.copy({ id: "shop.data.2026" }), { message: /There is no backup/ });
  assert.equal(existsSync(temp.to), false);
});

test("a disk with too little space is told before anything is written", async () => {
  using temp = shelved("content");
  const [manifest, more] = [join(temp.from, `${id}.json`), 4 * 1024 ** 4];
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(`"bytes":7`, `"bytes":${more}`));
  truncateSync(join(temp.from, `${id}.tar.gz`), more);
  await assert.rejects(temp.copy(), {
    data: { code: "no-space" },
    message: /are needed in/,
  });
  assert.deepEqual(readdirSync(temp.to), []);
});

test("a copy that is cancelled leaves nothing", async () => {
  using temp = shelved(Buffer.alloc(5_000_000));
  const cancelled = new AbortController();
  await assert.rejects(temp.copy({}, { at: () => cancelled.abort(), signal: cancelled.signal }), /aborted/);
  assert.deepEqual(readdirSync(temp.to), []);
});

test("until the manifest is there, nobody takes the copy for a backup", async () => {
  using temp = shelved(Buffer.alloc(5_000_000));
  const seen: string[][] = [];
  await temp.copy({}, { at: () => void seen.push(readdirSync(temp.to)) });
  assert.ok(seen.every((files) => !files.includes(`${id}.json`)));
  assert.deepEqual(seen.at(-1), [`${id}.json.part`, `${id}.sha256.part`, `${id}.tar.gz`]);
});

test("a directory where nothing is mounted is refused before anything is made in it", async () => {
  using temp = shelved();
  await assert.rejects(temp.copy({ mustBeMount: true }), {
    code: "failed",
    message: /to outlive\. Mount the disk/,
  });
  assert.deepEqual(readdirSync(temp.path), ["from"]);
});

const memory = "/dev/shm";
const isOtherDisk = existsSync(memory) && statSync(memory).dev !== statSync(tmpdir()).dev;

test(
  "another disk that is mounted takes copies, also into a directory that is not there yet",
  { skip: !isOtherDisk },
  async () => {
    using temp = shelved();
    const mounted = mkdtempSync(join(memory, "ostler-unit-"));
    try {
      mkdirSync(join(mounted, "sub"));
      await temp.copy({ to: join(mounted, "sub/of/it"), mustBeMount: true });
      assert.equal((await shelfAt(join(mounted, "sub/of/it")).list()).length, 1);
    } finally {
      rmSync(mounted, { recursive: true });
    }
  },
);
