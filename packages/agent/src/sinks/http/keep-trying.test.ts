import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { keepTrying } from "./keep-trying.js";

/** Tries something that fails so many times; what was told. */
function trying(failures: number) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  let attempts = 0;
  const open = async (): Promise<void> => {
    if (attempts++ < failures) throw new Error(`attempt ${attempts} failed`);
  };
  const deps = {
    clock,
    degraded: (part: string, reason: string) => told.push(`${part}: ${reason}`),
    recovered: (part: string) => told.push(`${part} recovered`),
  };
  const trying = keepTrying("door", open, deps, stop.signal);
  return { clock, stop, told, trying, attempts: () => attempts };
}

test("what opens at once is no trouble", async () => {
  const { trying: opened, told } = trying(0);
  await (
    await opened
  ).settled;
  assert.deepEqual(told, []);
});

test("what cannot be opened is told once, and tried until it can", async () => {
  const { clock, told, trying: opened, attempts } = trying(4);
  const { settled } = await opened;
  assert.deepEqual(told, ["door: attempt 1 failed"]);
  await clock.pass(2000);
  assert.equal(attempts(), 3);
  assert.equal(told.length, 1);
  await clock.pass(2000);
  await settled;
  assert.deepEqual(told, ["door: attempt 1 failed", "door recovered"]);
  assert.equal(clock.waiting, 0);
});

test("the owner's end ends the trying", async () => {
  const { clock, stop, trying: opened, attempts } = trying(Infinity);
  const { settled } = await opened;
  stop.abort();
  await settled;
  await clock.pass(60_000);
  assert.equal(attempts(), 1);
  assert.equal(clock.waiting, 0);
});
