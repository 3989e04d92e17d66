import type { LogLine } from "@ostler/protocol";
import assert from "node:assert/strict";
import { test } from "node:test";
import { logLine } from "./log-line.js";

const line: LogLine = {
  service: "web",
  process: "api",
  stream: "stdout",
  time: "2026-11-21T10:00:00.000Z",
  text: "a\tb\u0007\u001b[2J\u009b1m",
};
const plain = { isOfAll: false, hasTime: false, isRaw: false };

test("a line says who wrote it, and does nothing to the terminal unless that is asked for", () => {
  assert.equal(logLine(line, plain), "api a\tb\ufffd\ufffd[2J\ufffd1m");
  assert.equal(logLine({ ...line, text: "t" }, { ...plain, isOfAll: true }), "web/api t");
  assert.equal(logLine({ ...line, text: "t", clipped: true }, { ...plain, hasTime: true }), `${line.time} api t …`);
  assert.equal(logLine(line, { ...plain, isRaw: true }), `api ${line.text}`);
  const { service, stream, time } = line;
  const named = { service, stream, time, source: "access", text: "t" };
  assert.equal(logLine(named, plain), "access t");
});
