import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackupState } from "@ostler/protocol";
import { backupRows } from "./backup-rows.js";

const nowMs = Date.UTC(2026, 10, 21, 12);
const hours = (count: number): string => new Date(nowMs + count * 3_600_000).toISOString();
const last = { id: "shop.data.1", at: hours(-9), files: 3, bytes: 10, storedBytes: 5, tookMs: 7, flawed: false };

const shown: [string, BackupState, string[]][] = [
  ["none yet", {}, ["missing", "", "backups"]],
  [
    "all is well",
    {
      last,
      verified: { id: last.id, at: hours(-8) },
      proven: { id: last.id, at: hours(-50) },
      schedule: { create: { next: hours(15) } },
    },
    ["backed up", "9h", "backups: verified 8h ago; proven to restore 2d 2h ago; next in 15h"],
  ],
  ["something of it is missing", { last: { ...last, flawed: true } }, ["incomplete", "9h", "backups"]],
  [
    "one is being made",
    { last, running: { doing: "create", since: hours(-1), percent: 40 } },
    ["create 40 %", "9h", "backups"],
  ],
  [
    "the last try failed",
    { last, failed: { create: { at: hours(-1), reason: "the disk is full" } } },
    ["failed", "9h", "backups: create failed: the disk is full"],
  ],
  [
    "one is damaged",
    { last, failed: {}, damaged: { [last.id]: "a hash" } },
    ["damaged", "9h", "backups: shop.data.1 is damaged"],
  ],
];

for (const [what, its, row] of shown)
  test(`status shows of a set of backups: ${what}`, () => {
    assert.deepEqual(backupRows({ backups: { data: its } }, nowMs), [["  data", ...row]]);
  });

test("a service without backups has no such line", () => {
  assert.deepEqual(backupRows({}, nowMs), []);
});
