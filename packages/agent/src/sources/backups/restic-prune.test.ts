import assert from "node:assert/strict";
import { test } from "node:test";
import { freedBytesIn } from "./restic-prune.js";

test("what was freed is read from what restic says of it", () => {
  const lines = ["to delete:             0 blobs / 1.5 MiB", "total prune:           7 blobs / 338.5 MiB", "done"];
  assert.equal(freedBytesIn(lines), 338.5 * 2 ** 20);
  assert.equal(freedBytesIn(["total prune: 0 blobs / 0 B"]), 0);
  assert.equal(freedBytesIn(["done"]), 0);
});
