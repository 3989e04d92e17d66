import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { accessTo } from "./access.js";
import { namesIn } from "./names-in.js";

test("a listing is never older than the call, however many ask at once", async () => {
  using directory = tempDir();
  const access = accessTo(directory.path);
  const listings: Promise<string[]>[] = [];
  for (let n = 0; n < 200; n++) {
    writeFileSync(directory.at(`file-${n}`), "");
    listings.push(namesIn(directory.path, access));
    if (n % 7 === 0) await Promise.resolve();
    if (n % 50 === 0) await listings.at(-1);
  }
  for (const [n, names] of (await Promise.all(listings)).entries()) assert.ok(names.includes(`file-${n}`), `file-${n}`);
});

test("a directory that cannot be listed is told to whoever asks, and asked again by the next", async () => {
  using directory = tempDir();
  const access = accessTo(directory.path);
  const path = directory.at("later");
  const both = await Promise.allSettled([namesIn(path, access), namesIn(path, access)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  writeFileSync(directory.at("x"), "");
  assert.deepEqual(await namesIn(directory.path, access), ["x"]);
});
