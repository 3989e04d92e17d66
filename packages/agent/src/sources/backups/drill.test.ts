import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { drill } from "./drill.js";
import type { Doing, Engine, FoundBackup } from "./engine.js";

const id = "shop.data.20261121T100000Z";
const doing: Doing = { signal: new AbortController().signal, progress: () => undefined };
const none = (): never => assert.fail("This is not asked here.");
const engine: Engine = {
  ...{ kind: "archive", create: none, list: none, verify: none, rootsOf: none, remove: none, clean: none },
  extract: async () => ({ files: 1, bytes: 1 }),
};

function tried(dir: TempDir, has: Pick<FoundBackup, "size" | "occupied">, minFreeBytes: number): Promise<unknown> {
  return drill(engine, { id, ...has }, undefined, { directory: dir.at("drills"), minFreeBytes, check: none }, doing);
}

const huge = Number.MAX_SAFE_INTEGER;

for (const [what, has, minFreeBytes] of [
  ["more than is free", { size: huge }, 0],
  ["more than is free, also without holes", { size: huge, occupied: huge }, 0],
  ["as much as must stay free", { size: 1, occupied: 1 }, huge],
] as const)
  test(`a drill of files that have ${what} is refused, and leaves nothing`, async () => {
    using dir = tempDir();
    await assert.rejects(tried(dir, has, minFreeBytes), /no room for the drill in .*agent\.backups\.min_free/);
    assert.deepEqual(readdirSync(dir.at("drills")), []);
  });

test("the holes of sparse files take no room", async () => {
  using dir = tempDir();
  assert.deepEqual(await tried(dir, { size: huge, occupied: 1 }, 0), { files: 1, bytes: 1, checked: false });
});
