import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { shelve } from "../../testing/shelved.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { copyBackup, type CopyOptions } from "./copy-backup.js";
import { shelfAt } from "./shelf.js";

const id = "shop.data.20261120T100000Z";
const anywhere = (more: Partial<CopyOptions> = {}): CopyOptions => ({
  ...{ mustBeMount: false, signal: new AbortController().signal },
  ...more,
});

/** A backup in `from`; it is to go to `to`. */
function shelved(content: string | Buffer = "content"): TempDir & { from: string; to: string } {
  const temp = tempDir();
  const from = temp.at("from");
  shelve(from, id, content);
  return { ...temp, from, to: temp.at("other/disk") };
}

test("a copy has the same files, and is a backup like the first", async () => {
  using temp = shelved(Buffer.alloc(3_000_000, "abc"));
  await copyBackup(temp.from, id, temp.to, anywhere());
  assert.deepEqual(readdirSync(temp.to), readdirSync(temp.from));
  for (const file of readdirSync(temp.from))
    assert.ok(readFileSync(join(temp.to, file)).equals(readFileSync(join(temp.from, file))), file);
  assert.deepEqual(await shelfAt(temp.to).list(), await shelfAt(temp.from).list());
});

test("copies and their directory are for the agent's user alone", async () => {
  using temp = shelved();
  await copyBackup(temp.from, id, temp.to, anywhere());
  const modes = [temp.to, ...readdirSync(temp.to).map((file) => join(temp.to, file))].map(
    (path) => statSync(path).mode & 0o777,
  );
  assert.deepEqual(modes, [0o700, 0o600, 0o600, 0o600]);
});

test("progress goes on to the end and never back", async () => {
  using temp = shelved(Buffer.alloc(3_000_000));
  const seen: number[] = [];
  let total = 0;
  const progress: CopyOptions["progress"] = ({ bytes, totalBytes }) => void (seen.push(bytes), (total = totalBytes));
  await copyBackup(temp.from, id, temp.to, anywhere({ progress }));
  assert.ok(seen.length > 4);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.equal(seen.at(-1), total);
});

test("a copy that is there already stays as it is", async () => {
  using temp = shelved();
  await copyBackup(temp.from, id, temp.to, anywhere());
  const inode = statSync(join(temp.to, `${id}.tar.gz`)).ino;
  await copyBackup(temp.from, id, temp.to, anywhere());
  assert.equal(statSync(join(temp.to, `${id}.tar.gz`)).ino, inode);
});

test("a copy that is no good any more is made again", async () => {
  using temp = shelved();
  await copyBackup(temp.from, id, temp.to, anywhere());
  truncateSync(join(temp.to, `${id}.tar.gz`), 3);
  await copyBackup(temp.from, id, temp.to, anywhere());
  assert.deepEqual((await shelfAt(temp.to).list())[0]?.problem, undefined);
});

test("a backup of another host with the same id is not overwritten", async () => {
  using temp = shelved();
  shelve(temp.to, id, "of another host");
  await assert.rejects(copyBackup(temp.from, id, temp.to, anywhere()), {
    code: "wrong-state",
    message: /directory of its own/,
  });
  assert.equal(readFileSync(join(temp.to, `${id}.tar.gz`), "utf8"), "of another host");
});

test("an archive that has changed on the disk is not copied, and nothing of it is left", async () => {
  using temp = shelved("content");
  writeFileSync(join(temp.from, `${id}.tar.gz`), "cantent");
  await assert.rejects(copyBackup(temp.from, id, temp.to, anywhere()), {
    code: "failed",
    message: /damaged/,
    data: { code: "damaged" },
  });
  assert.deepEqual(readdirSync(temp.to), []);
});

test("a backup with a problem is not copied, nor one that is not there", async () => {
  using temp = shelved();
  appendFileSync(join(temp.from, `${id}.tar.gz`), "+");
  await assert.rejects(copyBackup(temp.from, id, temp.to, anywhere()), { code: "failed", message: /has 8 bytes/ });
  await assert.rejects(copyBackup(temp.from, "shop.data.2026", temp.to, anywhere()), { code: "not-found" });
  assert.equal(existsSync(temp.to), false);
});

test("a disk with too little space is told before anything is written", async () => {
  using temp = shelved("content");
  const [manifest, more] = [join(temp.from, `${id}.json`), 4 * 1024 ** 4];
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(`"bytes":7`, `"bytes":${more}`));
  truncateSync(join(temp.from, `${id}.tar.gz`), more);
  await assert.rejects(copyBackup(temp.from, id, temp.to, anywhere()), { code: "disk-full", message: /are needed in/ });
  assert.deepEqual(readdirSync(temp.to), []);
});

test("a copy that is cancelled leaves nothing", async () => {
  using temp = shelved(Buffer.alloc(5_000_000));
  const cancelled = new AbortController();
  const progress = (): void => cancelled.abort();
  await assert.rejects(copyBackup(temp.from, id, temp.to, anywhere({ progress, signal: cancelled.signal })), {
    code: "cancelled",
  });
  assert.deepEqual(readdirSync(temp.to), []);
});

test("until the manifest is there, nobody takes the copy for a backup", async () => {
  using temp = shelved(Buffer.alloc(5_000_000));
  const seen: string[][] = [];
  const progress = (): void => void seen.push(readdirSync(temp.to));
  await copyBackup(temp.from, id, temp.to, anywhere({ progress }));
  assert.ok(seen.every((files) => !files.includes(`${id}.json`)));
  assert.deepEqual(seen.at(-1), [`${id}.json.part`, `${id}.sha256`, `${id}.tar.gz`]);
});

test("a directory where nothing is mounted is refused before anything is made in it", async () => {
  using temp = shelved();
  await assert.rejects(copyBackup(temp.from, id, temp.to, anywhere({ mustBeMount: true })), {
    code: "wrong-state",
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
      await copyBackup(temp.from, id, join(mounted, "sub/of/it"), anywhere({ mustBeMount: true }));
      assert.equal((await shelfAt(join(mounted, "sub/of/it")).list()).length, 1);
    } finally {
      rmSync(mounted, { recursive: true });
    }
  },
);
