import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.js";
import { Pulse } from "./pulse.js";

test("a part is overdue when it has not beaten for three times as long as it promised, and a second", () => {
  const clock = new FakeClock();
  const pulse = new Pulse(clock);
  pulse.expect("checks", 1000);
  clock.advance(4000);
  assert.deepEqual(pulse.overdue(), []);
  clock.advance(1);
  assert.deepEqual(pulse.overdue(), ["checks"]);
});

test("a beat makes a part well again", () => {
  const clock = new FakeClock();
  const pulse = new Pulse(clock);
  const beat = pulse.expect("checks", 1000);
  clock.advance(60_000);
  beat();
  assert.deepEqual(pulse.overdue(), []);
});

test("each part has a pace of its own", () => {
  const clock = new FakeClock();
  const pulse = new Pulse(clock);
  pulse.expect("slow", 60_000);
  pulse.expect("quick", 100);
  clock.advance(10_000);
  assert.deepEqual(pulse.overdue(), ["quick"]);
});

test("a jump of the wall clock makes nobody overdue", () => {
  const clock = new FakeClock();
  const pulse = new Pulse(clock);
  pulse.expect("checks", 1000);
  clock.jump(86_400_000);
  assert.deepEqual(pulse.overdue(), []);
});

test("without parts nothing is overdue", () => {
  assert.deepEqual(new Pulse(new FakeClock()).overdue(), []);
});
