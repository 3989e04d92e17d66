import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { tempDir } from "../../testing/temp-dir.js";
import { packingOf } from "../../platform/follow/packing.js";
import { bytesOf } from "./unpack.js";

async function textOf(path: string, ending?: string, from?: number): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytesOf(path, ending === undefined ? undefined : packingOf(`x.${ending}`), from))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("a file is read from any place on, and a packed one as it was before", async () => {
  using dir = tempDir();
  assert.equal(await textOf(dir.write("plain", "one two"), undefined, 4), "two");
  const text = "line\n".repeat(100_000);
  assert.equal(await textOf(dir.write("a.gz", gzipSync(text)), "gz"), text);
});

test("what cannot be read to its end says so, after what could be read", async () => {
  using dir = tempDir();
  const cut = gzipSync(Array.from({ length: 50_000 }, (_, n) => `line ${n}\n`).join(""));
  const path = dir.write("a.gz", cut.subarray(0, cut.length - 100));
  let bytes = 0;
  const reading = async (): Promise<void> => {
    for await (const chunk of bytesOf(path, packingOf(path))) bytes += chunk.length;
  };
  await assert.rejects(reading, /unexpected end of file/);
  assert.ok(bytes > 0, "what there is was read");
  await assert.rejects(textOf(dir.at("none"), "gz"), { code: "ENOENT" });
  await assert.rejects(textOf(dir.at("none")), { code: "ENOENT" });
});

test("other packings are unpacked by the program that made them, and one that fails or is missing is told", async () => {
  using dir = tempDir();
  const packed = dir.write("a.packed", "content");
  dir.write("zstd", '#!/bin/sh\n[ "$*" = "-dcq" ] && exec /bin/cat\n', 0o755);
  dir.write("xz", '#!/bin/sh\necho "File format not recognized" >&2\nexit 1\n', 0o755);
  const before = process.env.PATH;
  process.env.PATH = dir.path;
  try {
    assert.equal(await textOf(packed, "zst"), "content");
    await assert.rejects(textOf(packed, "xz"), /xz ended with 1: File format not recognized/);
    await assert.rejects(textOf(packed, "bz2"), /bzip2 could not be run: .*ENOENT/);
  } finally {
    process.env.PATH = before;
  }
});

test("whoever stops reading leaves no program behind", async () => {
  using dir = tempDir();
  const pidFile = dir.at("pid");
  dir.write("zstd", `#!/bin/sh\necho $$ > ${pidFile}\nexec yes\n`, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${dir.path}:${before}`;
  try {
    for await (const chunk of bytesOf(dir.write("endless.zst", ""), packingOf("endless.zst"))) {
      assert.ok(chunk.length > 0);
      break;
    }
  } finally {
    process.env.PATH = before;
  }
  assert.throws(() => process.kill(Number(readFileSync(pidFile, "utf8")), 0), { code: "ESRCH" });
});
