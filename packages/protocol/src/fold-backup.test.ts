import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "./events/index.js";
import { maxRemembered } from "./fold-backup.js";
import { fold } from "./fold.js";
import { initialState, type BackupState } from "./state.js";

const ofSet = { service: "web", backup: "data" };
const [first, second] = ["web.data.20261120T030000Z", "web.data.20261121T030000Z"];
const configured: HostEvent = { type: "service.configured", data: { service: "web", processes: ["main"], checks: [] } };
const read = { files: 1, bytes: 2, tookMs: 3 };

const damaged = (id: string, reason = "a is not what it was"): HostEvent => ({
  type: "backup.damaged",
  data: { ...ofSet, id, reason },
});
const verified = (id: string, isWhole: boolean): HostEvent => ({
  type: "backup.verified",
  data: { ...ofSet, id, isWhole, ...read },
});
const drilled = (id: string): HostEvent => ({ type: "backup.drilled", data: { ...ofSet, id, checked: true, ...read } });
const pruned = (...removed: string[]): HostEvent => ({
  type: "backup.pruned",
  data: { ...ofSet, removed, kept: 1, freedBytes: 0 },
});
const removed: HostEvent = { type: "backup.removed", data: ofSet };

function data(...events: HostEvent[]): BackupState | undefined {
  let state = initialState("e");
  for (const [at, event] of [configured, ...events].entries())
    state = fold(state, event, { epoch: "e", seq: at + 1, time: new Date(at).toISOString() });
  return state.services.web?.backups?.data;
}

/** Which are known to be damaged after these events. */
function left(...events: HostEvent[]): string[] | undefined {
  const known = data(...events)?.damaged;
  return known && Object.keys(known);
}

test("a backup that is not what it was is known by its id, with the reason, until it is whole again", () => {
  assert.deepEqual(data(damaged(first, "torn"))?.damaged, { [first]: "torn" });
  assert.deepEqual(data(damaged(first, "torn"), damaged(first, "gone"))?.damaged, { [first]: "gone" });
  assert.deepEqual(left(damaged(second), damaged(first)), [first, second]);
  assert.deepEqual(left(damaged(first), damaged(second), verified(first, true)), [second]);
  assert.equal(left(damaged(first), verified(first, true)), undefined);
  assert.equal(left(damaged(first), drilled(first)), undefined);
});

test("who has read a part of a backup, or another one, has not seen that it is whole", () => {
  assert.deepEqual(left(damaged(first), verified(first, false)), [first]);
  assert.deepEqual(left(damaged(first), verified(second, true), drilled(second)), [first]);
  assert.equal(data(damaged(first), verified(first, false))?.verified?.id, first);
});

test("of a backup that is removed, or whose set is, no damage is known", () => {
  assert.deepEqual(left(damaged(first), damaged(second), pruned(first)), [second]);
  assert.equal(left(damaged(first), pruned(first)), undefined);
  assert.equal(data(damaged(first), removed), undefined);
});

test("of a great many damaged ones the newest are known", () => {
  const ids = Array.from({ length: maxRemembered + 2 }, (_, at) => `web.data.${20_000_000 + at}T030000Z`);
  const known = left(...ids.toReversed().map((id) => damaged(id)));
  assert.deepEqual(known, ids.slice(2));
});

test("of each backup it is known when it was verified and proven, until it is removed", () => {
  const time = (at: number): string => new Date(at).toISOString();
  const all = [verified(first, true), drilled(first), verified(second, true), verified(first, false)];
  assert.deepEqual(data(...all)?.readBack, {
    [first]: { verified: time(4), proven: time(2) },
    [second]: { verified: time(3) },
  });
  assert.deepEqual(Object.keys(data(...all, pruned(first))?.readBack ?? {}), [second]);
  assert.equal(data(...all, pruned(first, second))?.readBack, undefined);
  const ids = Array.from({ length: maxRemembered + 2 }, (_, at) => `web.data.${20_000_000 + at}T030000Z`);
  assert.deepEqual(Object.keys(data(...ids.map((id) => verified(id, true)))?.readBack ?? {}), ids.slice(2));
});

const created = (id: string, more: { note?: string; copyTo?: string } = {}): HostEvent => ({
  type: "backup.created",
  data: {
    ...ofSet,
    ...{ id, engine: "archive", files: 1, bytes: 2, storedBytes: 1, tookMs: 3 },
    flaws: { isEmpty: false, changed: [], vanished: [], skipped: [] },
    ...more,
  },
});
const failed = (doing: "create" | "copy"): HostEvent => ({
  type: "backup.failed",
  data: { ...ofSet, doing, reason: "the disk is full" },
});

test("what is backed up before a restore is not the last backup, and mends nothing that has failed", () => {
  const before = data(created(first), failed("create"));
  assert.deepEqual(data(created(first), failed("create"), created(second, { note: "before the restore" })), before);
  assert.equal(before?.last?.id, first);
});

test("a copy that failed is known until one succeeds, or none is wanted any more", () => {
  const copied: HostEvent = { type: "backup.copied", data: { ...ofSet, id: second, to: "/mnt", bytes: 2, tookMs: 3 } };
  const copying = created(second, { copyTo: "/mnt" });
  assert.deepEqual(Object.keys(data(failed("copy"), copying)?.failed ?? {}), ["copy"]);
  assert.equal(data(failed("copy"), copying, copied)?.failed, undefined);
  assert.equal(data(failed("copy"), created(second))?.failed, undefined);
});
