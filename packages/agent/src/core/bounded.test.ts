import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.js";
import { bounded } from "./bounded.js";

const call = (clock: FakeClock, signal = new AbortController().signal) => ({
  what: "Work",
  withinMs: 1000,
  signal,
  clock,
});
const never = (): Promise<never> => new Promise(() => undefined);

/** Ends as soon as it is told to. */
const obedient = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(new Error("ended"));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });

test("what comes in time is the answer, and nothing is left", async () => {
  const clock = new FakeClock();
  assert.equal(await bounded(call(clock), () => Promise.resolve("done")), "done");
  assert.equal(clock.waiting, 0);
});

test("a failure is the call's own", async () => {
  const clock = new FakeClock();
  await assert.rejects(
    bounded(call(clock), () => Promise.reject(new Error("no"))),
    { message: "no" },
  );
  assert.equal(clock.waiting, 0);
});

test("when the time is over the call is told to end, and that is why it failed", async () => {
  const clock = new FakeClock();
  const ends = assert.rejects(bounded(call(clock), obedient), {
    code: "timed-out",
    message: "Work did not end within 1 s.",
  });
  await clock.pass(1000);
  await ends;
  assert.equal(clock.waiting, 0);
});

test("whoever has been cancelled before is told so at once", async () => {
  const clock = new FakeClock();
  await assert.rejects(bounded(call(clock, AbortSignal.abort()), obedient), { code: "cancelled" });
  assert.equal(clock.waiting, 0);
});

test("whoever does not end is no longer waited for after a while", async () => {
  const clock = new FakeClock();
  const owner = new AbortController();
  const ends = assert.rejects(bounded(call(clock, owner.signal), never), { code: "cancelled" });
  owner.abort();
  await clock.pass(10_000);
  await ends;
  assert.equal(clock.waiting, 0);
});

test("what is done in spite of having been told to end counts", async () => {
  const clock = new FakeClock();
  let finish: (answer: string) => void = () => undefined;
  const answer = bounded(call(clock), () => new Promise<string>((resolve) => (finish = resolve)));
  await clock.pass(2000);
  finish("done");
  assert.equal(await answer, "done");
});

test("who is to be waited for whatever it takes is", async () => {
  const clock = new FakeClock();
  let finish: (answer: string) => void = () => undefined;
  const slow = (): Promise<string> => new Promise((resolve) => (finish = resolve));
  const answer = bounded({ ...call(clock), graceMs: Infinity }, slow);
  await clock.pass(1_000_000);
  finish("done");
  assert.equal(await answer, "done");
  assert.equal(clock.waiting, 0);
});
