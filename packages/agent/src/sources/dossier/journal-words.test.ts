import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "../../platform/journalctl.js";
import { ofRun } from "./journal-words.js";

const entry = (pid: string, invocation: string, message: string): JournalEntry => ({
  _PID: pid,
  _SYSTEMD_INVOCATION_ID: invocation,
  MESSAGE: message,
});

const words = (pid: number, ...entries: JournalEntry[]): string =>
  ofRun(entries, pid)
    .map(({ MESSAGE }) => MESSAGE)
    .join(" ");

test("only what the run and its children wrote is its words", () => {
  const all = [entry("1", "a", "before"), entry("2", "b", "mine"), entry("3", "b", "child"), entry("4", "c", "next")];
  assert.equal(words(2, ...all), "mine child");
});

test("a main process that said nothing leaves what was said at its time", () => {
  assert.equal(words(9, entry("3", "b", "child"), { MESSAGE: "kernel" }), "child kernel");
});
