import assert from "node:assert/strict";
import { test } from "node:test";
import { commonVersion, protocolVersions } from "./version.js";

test("the newest version that both sides speak is chosen, in whatever order they tell", () => {
  assert.equal(commonVersion([1, 3, 2], [2, 1, 3]), 3);
  assert.equal(commonVersion([1, 10, 9], [9, 10]), 10);
  assert.equal(commonVersion([4, 1], [3, 2, 1]), 1);
});

test("peers without a common version have none", () => {
  assert.equal(commonVersion([4, 5], [3, 2, 1]), undefined);
  assert.equal(commonVersion([]), undefined);
});

test("what the peer offered is left as it was", () => {
  const offered = Object.freeze([1, 2]);
  assert.equal(commonVersion(offered, [1, 2]), 2);
});

test("this code speaks version 1, and lists its versions newest first", () => {
  assert.equal(commonVersion([1]), 1);
  assert.deepEqual(
    [...protocolVersions],
    [...protocolVersions].sort((a, b) => b - a),
  );
});
