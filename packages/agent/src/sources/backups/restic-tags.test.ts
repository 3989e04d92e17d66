import assert from "node:assert/strict";
import { test } from "node:test";
import { backupIn, tagsOf } from "./restic-tags.js";

const id = "web.data.20261121T131500Z";
const backup = { id, service: "web", name: "data", mode: "cold" as const, isNothing: false };

test("what tags tell of a backup is what it was made with", () => {
  const note = "before 1.2, a 100 % change\nof all";
  const tags = tagsOf({ ...backup, note });
  assert.ok(tags.every((tag) => !/[,\n]/.test(tag)));
  assert.deepEqual(backupIn({ tags }), { ...backup, note, isFlawed: false });
  assert.deepEqual(tagsOf(backup), ["ostler", "service=web", "name=data", `id=${id}`, "mode=cold"]);
  assert.equal(backupIn({ tags: [...tags, "flawed"] })?.isFlawed, true);
});

test("snapshots of others are no backups of ours", () => {
  assert.equal(backupIn({ tags: [] }), undefined);
  assert.equal(backupIn({ tags: [`id=${id}`] }), undefined);
  assert.equal(backupIn({ tags: ["ostler", "id=web.data.yesterday"] }), undefined);
});
