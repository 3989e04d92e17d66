import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "./unit-source.js";

test("each line of an entry is a line, and systemd's own words are told apart", () => {
  assert.deepEqual(
    linesOf({ _PID: "42", MESSAGE: "one\ntwo", PRIORITY: "3", __REALTIME_TIMESTAMP: "1700000000123456" }),
    [
      { stream: "journal", text: "one", clipped: false, level: "error", timeMs: 1_700_000_000_123 },
      { stream: "journal", text: "two", clipped: false, level: "error", timeMs: 1_700_000_000_123 },
    ],
  );
  assert.deepEqual(linesOf({ _PID: "1", UNIT: "db.service", MESSAGE: "Started db.service." }), [
    { stream: "systemd", text: "Started db.service.", clipped: false },
  ]);
  assert.deepEqual(linesOf({ _PID: "1" }), [{ stream: "journal", text: "", clipped: false }]);
});
