import assert from "node:assert/strict";
import { test } from "node:test";
import { prettyLine } from "./pretty.js";

const line = (level: string, msg?: string): string =>
  JSON.stringify({ level, time: "2030-01-02T03:04:05.678Z", msg, data: { a: 1 } });

test("people get the time of day, the level and the sentence", () => {
  assert.equal(prettyLine(line("info", "web started"), false), "03:04:05.678 INFO  web started\n");
  assert.equal(prettyLine(line("error"), false), "03:04:05.678 ERROR \n");
});

test("levels are coloured where colours are wanted, and only there", () => {
  assert.equal(prettyLine(line("warn", "careful"), true), "03:04:05.678 \u001b[33mWARN \u001b[0m careful\n");
  assert.equal(prettyLine(line("odd", "x"), true), "03:04:05.678 ODD  \u001b[0m x\n");
});
