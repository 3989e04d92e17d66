import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeLock, mayUnlock, type LockHost, type ResticLock } from "./lock.js";

const nowMs = Date.UTC(2026, 10, 21, 12);
const programs: Record<number, string> = { 10: "restic", 20: "nginx" };
const host: LockHost = { name: "here", nowMs, programOf: (pid) => programs[pid] };

function lock(pid: number, { hostname = "here", ageMs = 0 } = {}): ResticLock {
  return { time: new Date(nowMs - ageMs).toISOString(), exclusive: true, hostname, username: "root", pid };
}

test("a lock is left when nobody of this host has its pid", () => {
  assert.equal(judgeLock(lock(30), host), "left");
  assert.equal(judgeLock(lock(10), host), "held");
  assert.equal(judgeLock(lock(30, { hostname: "there" }), host), "held");
});

test("a lock whose pid another program has is left alone until restic decides by its age", () => {
  assert.equal(judgeLock(lock(20), host), "unsure");
  assert.equal(judgeLock(lock(20, { ageMs: 31 * 60_000 }), host), "left");
});

test("locks are removed when one is left and no other program would be asked", () => {
  assert.equal(mayUnlock([lock(30), lock(10)], host), true);
  assert.equal(mayUnlock([lock(10)], host), false);
  assert.equal(mayUnlock([lock(30), lock(20)], host), false);
  assert.equal(mayUnlock([], host), false);
});
