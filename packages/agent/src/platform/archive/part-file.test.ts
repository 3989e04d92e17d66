import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { archiveFailureCode } from "./job.js";
import { PartFile } from "./part-file.js";

const block = Buffer.alloc(8 * 1024 * 1024, "x");
/** Enough for it to be handed to the disk before its end. */
const blocks = 5;

async function written(path: string, datasync: () => Promise<void>): Promise<PartFile> {
  const part = await PartFile.create(path, { datasync });
  for (let at = 0; at < blocks; at++) await part.write(block);
  return part;
}

for (const [errno, code] of [
  ["EIO", "failed"],
  ["ENOSPC", "no-space"],
] as const)
  test(`what the disk could not take on the way is told at the end, though it then says that all is well: ${errno}`, async () => {
    using dir = tempDir();
    const part = await written(dir.at("a"), () => Promise.reject(Object.assign(new Error(errno), { code: errno })));
    await assert.rejects(part.finish(), (failure: Error) => {
      assert.ok(failure.message.includes(dir.at("a")), failure.message);
      assert.equal(archiveFailureCode(failure), code);
      return true;
    });
    assert.equal(existsSync(dir.at("a")), false);
  });

test("a file is finished only when what was begun to be handed to the disk has ended", async () => {
  using dir = tempDir();
  let end: (() => void) | undefined;
  const part = await written(dir.at("a"), () => new Promise((resolve) => (end = resolve)));
  const order: string[] = [];
  const finished = part.finish().then(() => order.push("finished"));
  setImmediate(() => {
    order.push("handed over");
    end?.();
  });
  await finished;
  assert.deepEqual(order, ["handed over", "finished"]);
});
