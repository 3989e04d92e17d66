import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exit } from "@ostler/protocol";
import { causeOf, isHopeless, isHopelessStart, likelyReason, saysWhy, type EndFacts } from "./cause.js";

const code = (value: number): Exit => ({ kind: "code", code: value });
const killed = (core = false): Exit => ({ kind: "signal", signal: "SIGKILL", core });

function cause(exit: Exit, more: Partial<EndFacts> = {}): string {
  return causeOf({ exit, clean: false, asked: "no", forced: false, outOfMemory: false, ...more });
}

test("the exit status is the cause where nothing else is known", () => {
  assert.deepEqual(
    [cause(code(1)), cause(killed()), cause(killed(true)), cause({ kind: "unknown", reason: "" })],
    ["code", "signal", "core-dump", "unknown"],
  );
  assert.equal(cause(code(0), { clean: true }), "clean");
});

test("what was behind a kill is the cause, not the kill", () => {
  assert.equal(cause(killed(), { outOfMemory: true }), "out-of-memory");
  assert.equal(cause(killed(), { asked: "stop", forced: true }), "timeout");
  assert.equal(cause(code(0), { asked: "unhealthy", clean: true }), "watchdog");
});

const words: [line: string, reason: string][] = [
  ["Error: listen EADDRINUSE: address already in use 127.0.0.1:80", "address-in-use"],
  ["nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)", "address-in-use"],
  ["OSError: [Errno 28] No space left on device", "no-space"],
  ["./server: error while loading shared libraries: libssl.so.3: cannot open shared object file", "missing-dependency"],
  ["ModuleNotFoundError: No module named 'fastapi'", "missing-dependency"],
  ["Error: Cannot find module 'express'", "missing-dependency"],
  ["sh: 1: gunicorn: command not found", "missing-dependency"],
  ["open /var/lib/x: permission denied", "permission"],
  ['nginx: [emerg] unknown directive "lisen" in /etc/nginx/nginx.conf:3', "configuration"],
  ["*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***", "configuration"],
  ["usage: serve [-p PORT]", "configuration"],
  ["Error: failed to load config: yaml: line 3: mapping values are not allowed", "configuration"],
];
for (const [line, reason] of words)
  test(`"${line}" says ${reason}`, () => {
    assert.deepEqual(likelyReason(code(1), ["begin", line, "bye"]), { reason, line });
  });

test("the words of a run that began well, ended well or was killed say nothing", () => {
  const abort: Exit = { kind: "signal", signal: "SIGABRT", core: true };
  assert.deepEqual([saysWhy(code(1), 100), saysWhy(abort, 100)], [true, true]);
  assert.deepEqual([saysWhy(code(1), 60_000), saysWhy(code(0), 100), saysWhy(killed(), 100)], [false, false, false]);
  assert.equal(likelyReason(code(1), ["hello", ""]), undefined);
});

test("without words, the exit codes for usage and configuration say so", () => {
  assert.deepEqual(
    [64, 78, 126, 127, 2].map((value) => likelyReason(code(value), [])?.reason),
    ["configuration", "configuration", "permission", "missing-dependency", undefined],
  );
});

test("a program that a shell cannot execute stays so, but a run that began well with such a code does not say it", () => {
  const of = (value: number, lines: string[]): boolean => isHopeless(code(value), likelyReason(code(value), lines));
  assert.deepEqual([of(126, []), of(126, ["sh: 1: ./run: Permission denied"]), of(127, [])], [true, true, true]);
  assert.deepEqual([of(1, ["permission denied"]), isHopeless(code(126), undefined)], [false, false]);
});

test("a program that is missing stays so; a keeper that was killed says nothing of the next one", () => {
  const kinds = ["not-found", "no-user", "limits", "keeper", "host", "cancelled"] as const;
  assert.deepEqual(kinds.map(isHopelessStart), [true, true, true, false, false, false]);
});

test("an address may become free by itself; a wrong configuration stays wrong", () => {
  const of = (line: string): boolean => isHopeless(code(1), likelyReason(code(1), [line]));
  assert.deepEqual([of("address already in use"), of("unknown option -x")], [false, true]);
  assert.equal(isHopeless(code(1), undefined), false);
});
