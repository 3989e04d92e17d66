import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { ManifestFile } from "../../core/backup/manifest.js";
import { tempDir } from "../../testing/temp-dir.js";
import { Recorder } from "./recorder.js";
import { TarReader } from "./tar-reader.js";

/** What is found in an archive that comes in chunks of this size, and the bytes of its members. */
async function read(archive: Buffer, chunkBytes: number): Promise<{ files: ManifestFile[]; raw: Buffer }> {
  const files: ManifestFile[] = [];
  const raw: Buffer[] = [];
  const recorder = new Recorder((file) => files.push(file));
  const { content, hole, memberEnd } = recorder;
  const reader = new TarReader({
    member: (member, header) => {
      recorder.member(member);
      raw.push(...header);
    },
    raw: (bytes) => raw.push(bytes),
    content,
    hole,
    memberEnd,
  });
  for (let at = 0; at < archive.length; at += chunkBytes) await reader.take(archive.subarray(at, at + chunkBytes));
  reader.end();
  return { files, raw: Buffer.concat(raw) };
}

test("archives of every format that tar writes are read alike, in chunks of any size", async () => {
  using dir = tempDir();
  const names = ["a", `${"d".repeat(120)}/${"e".repeat(120)}`, "ä", "sparse"];
  for (const name of names) {
    mkdirSync(dirname(dir.at(name)), { recursive: true });
    dir.write(name, name.repeat(300));
  }
  truncateSync(dir.at("sparse"), 3_000_000);
  const tar = (...args: string[]): Buffer =>
    execFileSync("tar", ["-C", dir.path, "--mtime=@1000000000", "-cf", "-", ...args, ...names], {
      maxBuffer: 64 * 1024 * 1024,
    });
  const expected = await read(tar("--format=posix"), 64 * 1024);
  assert.equal(expected.files.length, 4);
  for (const archive of [tar("--format=gnu"), tar("--format=posix", "--sparse"), tar("--format=posix", "--xattrs")])
    for (const chunkBytes of [100, 511, 512, 513, 10_000, archive.length]) {
      const { files, raw } = await read(archive, chunkBytes);
      assert.deepEqual(files, expected.files, `${chunkBytes}`);
      assert.ok(archive.subarray(0, raw.length).equals(raw), "the members are passed on as they are");
      assert.ok(archive.subarray(raw.length).every((byte) => byte === 0));
    }
});

test("an archive that ends early says after what", async () => {
  using dir = tempDir();
  dir.write("a", "x".repeat(2000));
  const archive = execFileSync("tar", ["-C", dir.path, "-cf", "-", "a"]);
  await assert.rejects(read(archive.subarray(0, 1500), 512), /ends early, after a\./);
  await assert.rejects(read(archive.subarray(0, 2560), 512), /ends early, after a\./);
  await assert.rejects(read(Buffer.alloc(512, "x"), 512), /damaged after its beginning/);
});
