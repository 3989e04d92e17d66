import assert from "node:assert/strict";
import { test } from "node:test";
import { continues } from "./continues.js";

test("the lines of a stack trace go on with what came before", () => {
  const trace = [
    "  at main (a.js:1:2)",
    "\tat a.b.C.d(C.java:3)",
    "Traceback (most recent call last):",
    "ValueError: no",
  ];
  const more = [
    "Caused by: java.io.IOException: x",
    "goroutine 1 [running]:",
    "}",
    "requests.exceptions.ReadTimeoutError",
  ];
  for (const line of [...trace, ...more]) assert.ok(continues(line), line);
  for (const line of ["Listening on x", "Error: Dial error", "", "Errors: 3", "CDM received: 1"])
    assert.ok(!continues(line), line);
});
