import assert from "node:assert/strict";
import { test } from "node:test";
import { tempDir, type TempDir } from "../testing/temp-dir.js";
import { whyNoGroup } from "./control-group.js";

const values = { "memory.max": "1", "cpu.max": "1 2" };

/** A directory with the files of a group. */
function group(files: Record<string, string>): TempDir {
  const dir = tempDir();
  for (const [name, content] of Object.entries(files)) dir.write(name, content);
  return dir;
}

const usable = { "cgroup.controllers": "cpuset cpu memory\n", "cgroup.subtree_control": "", "cgroup.procs": "1\n2\n" };

test("the root of a host with the controllers can hold groups", () => {
  using root = group(usable);
  assert.equal(whyNoGroup(root.path, values), undefined);
});

test("a host without the controllers is told what is missing and what to do", () => {
  using root = group({ ...usable, "cgroup.controllers": "cpu hugetlb\n" });
  assert.match(
    whyNoGroup(root.path, values) ?? "",
    /have no controller for memory; .* Boot the host with systemd\.unified_cgroup_hierarchy=1\.$/,
  );
  assert.equal(whyNoGroup(root.path, { "cpu.max": "1 2" }), undefined);
});

test("a host without control groups of version 2 says so", () => {
  assert.match(whyNoGroup(undefined, values) ?? "", /are not mounted here/);
});

test("what is no hierarchy is told", () => {
  using root = group({});
  assert.match(whyNoGroup(root.path, values) ?? "", /^the agent may not make control groups in .*ENOENT/);
});

test("within a container the group at the top must be free of processes, or have its controllers already", () => {
  const container = { ...usable, "cgroup.type": "domain\n" };
  const why = (files: Record<string, string>): string => {
    using root = group(files);
    return whyNoGroup(root.path, values) ?? "";
  };
  assert.match(why(container), /is not the root of the host and has processes of its own/);
  assert.equal(why({ ...container, "cgroup.procs": "" }), "");
  assert.equal(why({ ...container, "cgroup.subtree_control": "cpu memory\n" }), "");
});
