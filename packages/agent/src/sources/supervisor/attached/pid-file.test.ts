import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessStat } from "../../../platform/proc.js";
import { judgePidFile, type Facts, type Found } from "./pid-file.js";

/** A host on which process 42 runs since second 100, and 43 has ended without being collected. */
const facts: Facts = {
  statOf: (pid) => {
    const stat: ProcessStat = { pid, startTicks: 7, parent: 1, group: pid, session: pid, ended: pid === 43 };
    return pid === 42 || pid === 43 ? stat : undefined;
  },
  startedMs: () => 100_000,
  known: undefined,
};

const judge = (found: Found, more: Partial<Facts> = {}): string => {
  const file = judgePidFile("/run/web.pid", found, { ...facts, ...more });
  return "reason" in file ? `${file.is}: ${file.reason}` : file.is;
};

const written = (text: string, writtenMs = 100_500): Found => ({ text, writtenMs });

test("a pid file names the process that wrote it", () => {
  for (const text of ["42", "42\n", "  42 \n", "42\nmore of a program's own\n"])
    assert.equal(judge(written(text)), "running", JSON.stringify(text));
});

test("a process that began after the file was written was only given the pid", () => {
  assert.match(judge(written("42", 97_999)), /^stale: pid file \/run\/web\.pid names process 42, but another program/);
  assert.equal(judge(written("42", 98_000)), "running", "clocks may disagree a little");
});

test("a process that is known stays the one, whatever is done to clocks and files", () => {
  const known = { pid: 42, startTicks: 7 };
  assert.equal(judge(written("42", 0), { known }), "running");
  assert.match(judge(written("42", 0), { known: { pid: 42, startTicks: 6 } }), /^stale/);
});

test("a process that is gone leaves a stale file", () => {
  for (const pid of ["41", "43"]) assert.match(judge(written(pid)), /^stale: .* names process \d+, which is gone$/);
});

test("what is no pid is told as what it is", () => {
  assert.equal(judge(written(" \n")), "unusable: pid file /run/web.pid is empty");
  for (const text of ["web", "-42", "0", "42 43", "4.2", "99999999", "0x2a"])
    assert.match(judge(written(text)), /^unusable: pid file .* holds ".*", which is no pid$/, text);
  assert.match(judge({ unreadable: "EACCES" }), /^unusable: .* cannot be read: EACCES$/);
  assert.equal(judge({ missing: true }), "missing");
});
