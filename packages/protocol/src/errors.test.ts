import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { errorCodes, isErrorCode, messageOf, OstlerError, problemsIn, type ErrorCode } from "./errors.js";

/** The exit codes of the command line, except 0 (done) and 7 (unhealthy), which are no errors. */
const exitCodes = [1, 2, 3, 4, 5, 6];

for (const [code, { http, exit, retry, means }] of Object.entries(errorCodes))
  test(`${code} has a status, an exit code and a meaning, and says whether to try again`, () => {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(http >= 400 && http < 600 && Number.isInteger(http), `${http}`);
    assert.ok(exitCodes.includes(exit), `${exit}`);
    assert.equal(typeof retry, "boolean");
    assert.match(means, /^[A-Z].*[^.]$/);
  });

test("no two codes mean the same", () => {
  const meanings = Object.values(errorCodes).map(({ means }) => means);
  assert.equal(new Set(meanings).size, meanings.length);
});

test("only codes of the table are codes, whatever every object has", () => {
  assert.deepEqual(["busy", "no-such", "constructor", "__proto__", ""].map(isErrorCode), [
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("an error carries its code, its message and its cause", () => {
  const cause = new Error("why");
  const error = new OstlerError("busy", "Too much.", { cause });
  assert.deepEqual([error.name, error.code, error.message, error.cause], ["OstlerError", "busy", "Too much.", cause]);
});

test("an error may carry what is left of the work that failed", () => {
  assert.deepEqual(new OstlerError("failed", "It failed.", { data: { exit: 1 } }).data, { exit: 1 });
  assert.equal(new OstlerError("failed", "It failed.").data, undefined);
});

const from = (thrown: unknown, code?: ErrorCode): [ErrorCode, string] => {
  const error = OstlerError.from(thrown, code);
  return [error.code, error.message];
};

test("an OstlerError stays what it is, also when another code is offered", () => {
  const error = new OstlerError("busy", "Too much.");
  assert.equal(OstlerError.from(error, "failed"), error);
});

test("anything else that was thrown becomes an OstlerError: internal, or as who caught it says", () => {
  assert.deepEqual(from(new TypeError("x is not a function")), ["internal", "x is not a function"]);
  assert.deepEqual(from(new Error("no space"), "disk-full"), ["disk-full", "no space"]);
  assert.deepEqual(from("just text"), ["internal", "just text"]);
  assert.deepEqual(from(undefined), ["internal", "undefined"]);
});

test("what was thrown is kept as the cause", () => {
  const thrown = new Error("no space");
  assert.equal(OstlerError.from(thrown).cause, thrown);
});

test("a message is found in whatever was thrown", () => {
  assert.deepEqual([new Error("a"), "b", 3, null, { toString: () => "d" }].map(messageOf), [
    "a",
    "b",
    "3",
    "null",
    "d",
  ]);
});

test("what a schema has against a value is told, in a few lines however much it is", () => {
  const problems = (value: unknown): string => {
    const { error } = z.array(z.string()).safeParse(value);
    return error ? problemsIn(error) : "";
  };
  assert.match(problems(["a", 7]), /expected string.*\n.*\[1\]/);
  assert.equal(problems(Array.from({ length: 10_000 }, () => 7)).length, 501);
});
