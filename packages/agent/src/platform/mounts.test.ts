import assert from "node:assert/strict";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { mountOf } from "./mounts.js";

test("a path lies on the mount that is nearest above it; on the root it lies on none that could be told", () => {
  using dir = tempDir();
  const table = dir.write("mounts", "/dev/sda1 / ext4 rw 0 0\nx /mnt/a nfs4 rw 0 0\ny /mnt/a/my\\040b ext4 rw 0 0\n");
  const paths = ["/mnt/a", "/mnt/a/x/y", "/mnt/ab", "/mnt/a/my b/c", "/etc/passwd", "/"];
  assert.deepEqual(
    paths.map((path) => mountOf(path, table)),
    ["/mnt/a", "/mnt/a", undefined, "/mnt/a/my b", undefined, undefined],
  );
});
