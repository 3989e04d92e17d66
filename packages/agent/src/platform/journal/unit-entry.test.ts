import assert from "node:assert/strict";
import { test } from "node:test";
import { unitEntry, type UnitEntry } from "./unit-entry.js";

function entry(fields: Record<string, string>): UnitEntry {
  const all = { __CURSOR: "s=1;i=2", __REALTIME_TIMESTAMP: "1700000000000001", MESSAGE: "it works", ...fields };
  return unitEntry(new Map(Object.entries(all).map(([name, value]) => [name, Buffer.from(value)])));
}

test("an entry has its cursor, its time and the text as it was written", () => {
  const { message, ...rest } = entry({ _PID: "42" });
  assert.deepEqual(rest, { cursor: "s=1;i=2", timeUsec: 1_700_000_000_000_001 });
  assert.equal(message?.toString(), "it works");
});

test("what others say of a unit is not what it writes, whatever fields it gives itself", () => {
  const db = { _SYSTEMD_UNIT: "db.service" };
  const table: [fields: Record<string, string>, isOutput: boolean][] = [
    [db, true],
    [{ ...db, UNIT: "celsius" }, true],
    [{ ...db, OBJECT_SYSTEMD_UNIT: "db.service" }, true],
    [{ _PID: "1", _SYSTEMD_UNIT: "init.scope", UNIT: "db.service" }, false],
    [{ _PID: "1", _SYSTEMD_UNIT: "init.scope" }, true],
    [{ _SYSTEMD_UNIT: "systemd-journald.service", OBJECT_SYSTEMD_UNIT: "db.service" }, false],
    [{ _SYSTEMD_UNIT: "systemd-coredump@1.service", COREDUMP_UNIT: "db.service" }, false],
  ];
  for (const [fields, isOutput] of table)
    assert.equal(entry(fields).message !== undefined, isOutput, JSON.stringify(fields));
});

test("journald says how many entries it has not taken, and nobody else can", () => {
  const journald = {
    _TRANSPORT: "driver",
    _SYSTEMD_UNIT: "systemd-journald.service",
    OBJECT_SYSTEMD_UNIT: "db.service",
  };
  assert.equal(entry({ ...journald, N_DROPPED: "4650" }).dropped, 4650);
  assert.equal(entry({ ...journald, N_DROPPED: "many" }).dropped, undefined);
  assert.equal(entry(journald).dropped, undefined);
  assert.equal(entry({ ...journald, _TRANSPORT: "journal", N_DROPPED: "1" }).dropped, undefined);
  assert.equal(entry({ _TRANSPORT: "stdout", _SYSTEMD_UNIT: "db.service", N_DROPPED: "1" }).dropped, undefined);
});

test("an entry without a cursor or a time is refused", () => {
  assert.throws(() => unitEntry(new Map([["MESSAGE", Buffer.from("x")]])), {
    code: "failed",
    message: /without a cursor/,
  });
  assert.throws(() => entry({ __REALTIME_TIMESTAMP: "soon" }), { code: "failed" });
});
