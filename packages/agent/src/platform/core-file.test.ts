import assert from "node:assert/strict";
import { utimesSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { coreOf } from "./core-file.js";

const endedMs = Date.now();

test("a core is where the kernel's pattern puts it: beside the process, or in a directory of its own", () => {
  using dir = tempDir();
  const core = dir.write("core", "");
  const numbered = dir.write("core.node.4711", "");
  const of = (pattern: string, pid = 4711): string | undefined => coreOf({ pid, cwd: dir.path, endedMs }, pattern);
  assert.equal(of("core"), core);
  assert.equal(of("core.%e.%p"), numbered);
  assert.equal(coreOf({ pid: 4711, cwd: "/", endedMs }, `${dir.path}/core.%e.%p`), numbered);
  assert.equal(of("core.%e.%p", 99), undefined);
});

test("cores that go to a program are there", () => {
  const pattern = "|/usr/lib/systemd/systemd-coredump %P %u %g %s";
  assert.equal(coreOf({ pid: 1, cwd: "/", endedMs }, pattern), "/usr/lib/systemd/systemd-coredump");
});

test("an old core is somebody else's, and where there is no directory there is no core", () => {
  using dir = tempDir();
  utimesSync(dir.write("core", ""), 1, 1);
  assert.equal(coreOf({ pid: 1, cwd: dir.path, endedMs }, "core"), undefined);
  assert.equal(coreOf({ pid: 1, cwd: "/does/not/exist", endedMs }, "core"), undefined);
});
