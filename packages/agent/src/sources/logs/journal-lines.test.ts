import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "./journal-lines.js";

test("each line of an entry is a line, and systemd's own words are told apart", () => {
  assert.deepEqual(linesOf({ _PID: "42", MESSAGE: "one\ntwo" }), [
    { stream: "journal", text: "one" },
    { stream: "journal", text: "two" },
  ]);
  assert.deepEqual(linesOf({ _PID: "1", UNIT: "db.service", MESSAGE: "Started db.service." }), [
    { stream: "systemd", text: "Started db.service." },
  ]);
  assert.deepEqual(linesOf({ _PID: "1" }), [{ stream: "journal", text: "" }]);
});
