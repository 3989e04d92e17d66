import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackupState } from "@ostler/protocol";
import type { Engine, FoundBackup } from "./engine.js";
import { chosenOf, keptOf, listedBy } from "./listing.js";

const idOf = (day: number): string => `web.data.202611${String(day).padStart(2, "0")}T030000Z`;

function found(day: number, more: Partial<FoundBackup> = {}): FoundBackup {
  const time = `2026-11-${String(day).padStart(2, "0")}T03:00:00.000Z`;
  return { ...{ id: idOf(day), service: "web", name: "data", time, engine: "archive" }, ...usual, ...more };
}
const usual = { encrypted: false, flawed: false };

const damaged = (...days: number[]): BackupState => ({
  damaged: Object.fromEntries(days.map((day) => [idOf(day), "torn"])),
});

const at = "2026-11-20T04:00:00.000Z";
const readBack = (...days: number[]): BackupState => ({
  readBack: Object.fromEntries(days.map((day) => [idOf(day), { verified: at }])),
});

const latest = (backups: FoundBackup[], its?: BackupState): string => chosenOf(backups, "latest", its, "web/data").id;

test("the latest is the newest that is not known to be broken", () => {
  const backups = [found(20), found(19), found(18)];
  assert.equal(latest(backups), idOf(20));
  assert.equal(latest(backups, damaged(20)), idOf(19));
  assert.equal(latest([found(20, { problem: "torn" }), ...backups.slice(1)], damaged(19)), idOf(18));
  assert.equal(latest([found(21, { note: "before the restore of x" }), ...backups]), idOf(20));
});

test("whoever names a backup gets it, broken or not", () => {
  const backups = [found(20), found(19)];
  assert.equal(chosenOf(backups, idOf(20), damaged(20), "web/data").id, idOf(20));
  assert.throws(() => chosenOf(backups, idOf(1), undefined, "web/data"), { code: "not-found", message: /20261120/ });
});

test("that there is none is told apart from that none is good", () => {
  assert.throws(() => latest([]), { code: "not-found", message: "There is no backup of web/data yet." });
  assert.throws(() => latest([found(20)], damaged(20)), {
    code: "not-found",
    message: /known to be broken.*by its id/,
  });
});

const keep = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const now = Date.UTC(2026, 10, 21);

test("one that is known to be damaged is none for what is kept, though it was verified once", () => {
  const its = { ...damaged(20), ...readBack(20) };
  const { keep: kept } = keptOf([found(20), found(19), found(18)], its, keep, now);
  assert.deepEqual(
    kept.map(({ id }) => id),
    [idOf(20), idOf(19)],
  );
});

test("what was backed up before a restore pushes out nothing else, nor is it pushed out", () => {
  const safety = { note: "before the restore of x" };
  const backups = [found(20, safety), found(19, safety), found(18), found(17)];
  assert.deepEqual(keptOf(backups, undefined, keep, now).remove, [idOf(19), idOf(17)]);
});

test("of those that were read back the newest is kept, whichever was read last", () => {
  const its = { ...readBack(17, 18, 19), verified: { id: idOf(17), at } };
  const { keep: kept } = keptOf(
    [20, 19, 18, 17].map((day) => found(day)),
    its,
    keep,
    now,
  );
  assert.deepEqual(
    kept.map(({ id }) => id),
    [idOf(20), idOf(19)],
  );
});

test("each backup is listed with when it was verified and proven", async () => {
  const engine = { list: async () => ({ backups: [20, 19, 18].map((day) => found(day)), problems: [] }) };
  const its = { readBack: { [idOf(20)]: { verified: at }, [idOf(18)]: { verified: at, proven: at } } };
  const { backups } = await listedBy(engine as unknown as Engine, "web/data", its, new AbortController().signal);
  assert.deepEqual(
    backups.map(({ verifiedAt, provenAt }) => [verifiedAt, provenAt]),
    [
      [at, undefined],
      [undefined, undefined],
      [at, at],
    ],
  );
});
