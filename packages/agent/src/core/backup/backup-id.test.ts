import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backupIdOf, compareBackupIds, newBackupId, parseBackupId } from "./backup-id.js";

const timeMs = Date.UTC(2026, 10, 21, 13, 15, 0);
const shop = { service: "shop", name: "data", timeMs };

test("an id is the service, the set and the time in UTC", () => {
  assert.equal(backupIdOf({ ...shop, count: 1 }), "shop.data.20261121T131500Z");
});

test("several within a second are told apart, and none gets an id that is taken", () => {
  const taken = new Set<string>();
  for (let made = 0; made < 3; made++)
    taken.add(newBackupId({ ...shop, timeMs: timeMs + made * 300 }, (id) => taken.has(id)));
  assert.deepEqual(
    [...taken],
    ["shop.data.20261121T131500Z", "shop.data.20261121T131500Z-2", "shop.data.20261121T131500Z-3"],
  );
});

for (const [text, why] of [
  ["shop.data", "has no time"],
  ["shop.data.20261121T131500", "is not in UTC"],
  ["shop.data.20260230T131500Z", "is the 30th of February"],
  ["shop.data.20261321T131500Z", "is the thirteenth month"],
  ["shop.data.20261121T136000Z", "has sixty minutes"],
  ["shop.data.20261121T131500Z-1", "is not how the first is written"],
  ["shop.data.20261121T131500Z-02", "is not how a number is written"],
  ["shop.data.20261121T131500Z.json", "has more"],
  ["../shop.data.20261121T131500Z", "is a path"],
  [".data.20261121T131500Z", "has no service"],
  ["shop.a.b.20261121T131500Z", "has a name with a dot"],
] as const)
  test(`"${text}" is no id: it ${why}`, () => assert.equal(parseBackupId(text), undefined));

const anyName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/);
const anyId = fc.record({
  service: anyName,
  name: anyName,
  timeMs: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  count: fc.integer({ min: 1, max: 999 }),
});

test("what is written is read back", () => {
  fc.assert(fc.property(anyId, (id) => assert.deepEqual(parseBackupId(backupIdOf(id)), { ...id })));
});

test("ids sort by time, and within a second in the order they were made, also after the ninth", () => {
  const ids = [
    backupIdOf({ ...shop, count: 10 }),
    backupIdOf({ ...shop, timeMs: timeMs - 1000, count: 11 }),
    backupIdOf({ ...shop, count: 2 }),
    "no id",
    backupIdOf({ ...shop, count: 1 }),
  ];
  assert.deepEqual(ids.toSorted(compareBackupIds), [
    "no id",
    "shop.data.20261121T131459Z-11",
    "shop.data.20261121T131500Z",
    "shop.data.20261121T131500Z-2",
    "shop.data.20261121T131500Z-10",
  ]);
});
