import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { accessTo } from "./access.js";

/** A table of mounts as the kernel writes it. */
function mounts(...rows: [mountpoint: string, fstype: string][]): string {
  return rows.map(([mountpoint, fstype]) => `device ${mountpoint} ${fstype} rw 0 0\n`).join("");
}

test("what lies on another host is asked in turn, and not watched; also behind a link, and on a mount within a mount", () => {
  using directory = tempDir();
  const table = directory.write(
    "mounts",
    mounts(["/", "ext4"], ["/net", "nfs4"], ["/net/local", "xfs"], ["/s", "fuse.sshfs"]),
  );
  const link = directory.at("link");
  symlinkSync("/net/a.log", link);
  const isRemote = (path: string): boolean => accessTo(path, table).isRemote;
  const paths = ["/var/log/a", "/net/a", "/net/local/a", "/network/a", "/s/a", link];
  assert.deepEqual(paths.map(isRemote), [false, true, false, false, true, true]);
});

test("a remote file that hangs holds up others there, and none here", async () => {
  using directory = tempDir();
  const table = directory.write("mounts", mounts(["/", "ext4"], ["/net", "nfs"]));
  let answer: () => void = () => undefined;
  const there = accessTo("/net/a", table);
  const hung = there.ask(() => new Promise<void>((resolve) => (answer = resolve)));
  let isAsked = false;
  const next = there.ask(async () => (isAsked = true));
  assert.ok(await accessTo(directory.path, table).look(directory.path));
  assert.equal(isAsked, false);
  answer();
  await Promise.all([hung, next]);
  assert.equal(isAsked, true);
});
