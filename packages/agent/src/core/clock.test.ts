import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { systemClock, type Clock } from "./clock.js";
import { FakeClock } from "../testing/fake-clock.js";

type Ground = { clock: Clock; pass: (ms: number) => void };
const never = new AbortController().signal;

/** Timers of this process that are still to come. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

/** What everybody may expect of a clock, the one of the host and the one of tests. */
function contract(name: string, ground: () => Ground): void {
  test(`${name}: timers call once each, the earlier first`, async () => {
    const { clock, pass } = ground();
    const called: string[] = [];
    await new Promise<void>((resolve) => {
      clock.after(20, () => (called.push("late"), resolve()));
      clock.after(1, () => called.push("early"));
      pass(100);
    });
    assert.deepEqual(called, ["early", "late"]);
  });

  test(`${name}: a cancelled timer never calls, and may be cancelled again`, async () => {
    const { clock, pass } = ground();
    const called: string[] = [];
    const cancel = clock.after(1, () => called.push("cancelled"));
    cancel();
    cancel();
    await new Promise<void>((resolve) => {
      clock.after(10, resolve);
      pass(10);
    });
    assert.deepEqual(called, []);
  });

  test(`${name}: a sleep ends after its time`, async () => {
    const { clock, pass } = ground();
    const before = clock.monotonic();
    const slept = clock.sleep(10, never);
    pass(10);
    await slept;
    // Timers of the host may be early by a fraction of a millisecond.
    assert.ok(clock.monotonic() - before >= 9);
  });

  test(`${name}: a sleep ends at once when its owner ends, and leaves no listener behind`, async () => {
    const { clock } = ground();
    const owner = new AbortController();
    const slept = clock.sleep(3_600_000, owner.signal);
    assert.equal(getEventListeners(owner.signal, "abort").length, 1);
    owner.abort();
    await slept;
    assert.equal(getEventListeners(owner.signal, "abort").length, 0);
  });

  test(`${name}: nobody sleeps whose owner has ended`, async () => {
    const { clock } = ground();
    const ended = AbortSignal.abort();
    await clock.sleep(3_600_000, ended);
    assert.equal(getEventListeners(ended, "abort").length, 0);
  });

  test(`${name}: a sleep that ended leaves no listener at its owner`, async () => {
    const { clock, pass } = ground();
    const owner = new AbortController();
    const slept = clock.sleep(1, owner.signal);
    pass(1);
    await slept;
    assert.equal(getEventListeners(owner.signal, "abort").length, 0);
  });

  test(`${name}: monotonic time never goes back`, () => {
    const { clock, pass } = ground();
    const before = clock.monotonic();
    pass(1);
    assert.ok(clock.monotonic() >= before);
  });
}

contract("system clock", () => ({ clock: systemClock, pass: () => undefined }));
contract("fake clock", () => {
  const clock = new FakeClock();
  return { clock, pass: (ms) => clock.advance(ms) };
});

test("an aborted sleep leaves no timer of the host behind", async () => {
  const before = timers();
  const owner = new AbortController();
  const slept = systemClock.sleep(3_600_000, owner.signal);
  assert.equal(timers(), before + 1);
  owner.abort();
  await slept;
  assert.equal(timers(), before);
});

test("a delay longer than the host's timers take does not fire at once", async () => {
  const called: string[] = [];
  const cancel = systemClock.after(2 ** 40, () => called.push("long"));
  await systemClock.sleep(5, never);
  cancel();
  assert.deepEqual(called, []);
});

test("a timer of the fake clock sees the moment it was due at, and may set the next", () => {
  const clock = new FakeClock();
  const seen: number[] = [];
  const again = (): void => {
    seen.push(clock.monotonic());
    clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  assert.deepEqual(seen, [10, 20, 30]);
  assert.equal(clock.nextMs, 5);
});

test("when the wall clock jumps, timers take no notice", () => {
  const clock = new FakeClock(1000);
  clock.after(10, () => undefined);
  clock.jump(-500);
  assert.deepEqual([clock.now(), clock.monotonic(), clock.nextMs], [500, 0, 10]);
});
