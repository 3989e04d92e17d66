import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { accessTo } from "./access.js";
import { siblingsOf } from "./siblings.js";

test("among more names than are looked at, the file itself is there, and once", async () => {
  using directory = tempDir();
  const path = directory.write("a.log", "one\n");
  for (let n = 0; n < 10_000; n++) directory.write(`x${n}`, "");
  const siblings = await siblingsOf(path, accessTo(path));
  assert.deepEqual(
    siblings?.map((one) => basename(one.path)),
    ["a.log"],
  );
});
