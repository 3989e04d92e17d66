import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { restartConfig } from "../../../config/restart.js";
import { FakeClock } from "../../../testing/fake-clock.js";
import { Cure } from "./cure.js";

const slot = { service: "web", process: "main" };

function watched() {
  const clock = new FakeClock();
  const applied: string[] = [];
  const events: HostEvent[] = [];
  const deps = { publish: (event: HostEvent) => void events.push(event), clock, random: () => 1 };
  const cure = new Cure(slot, { ...deps, policy: restartConfig.parse({}) }, (run, because) => {
    applied.push(`${run} ${because}`);
  });
  return { clock, applied, cure, types: () => events.map(({ type }) => type) };
}

test("a cure waits for its turn, and one that waits is enough", () => {
  const { clock, applied, cure } = watched();
  cure.prescribe(1, "no answer");
  cure.prescribe(1, "still none");
  clock.advance(999);
  assert.deepEqual(applied, []);
  clock.advance(1);
  assert.deepEqual(applied, ["1 no answer"]);
  assert.equal(clock.waiting, 0);
});

test("cures that do not help come later and later, and are a crash loop in the end", () => {
  const { clock, applied, cure, types } = watched();
  for (const ms of [1000, 2000, 4000, 8000]) {
    cure.prescribe(1, "no answer");
    assert.equal(clock.nextMs, ms);
    clock.advance(ms);
  }
  assert.equal(applied.length, 4);
  cure.prescribe(1, "no answer");
  assert.deepEqual([types(), clock.nextMs], [["service.crash-looped"], 60_000]);
});

test("a service that is well again needs no cure, and after a while all is forgotten", () => {
  const { clock, applied, cure, types } = watched();
  cure.prescribe(1, "no answer");
  clock.advance(1000);
  cure.prescribe(1, "no answer");
  cure.helped(1);
  clock.advance(59_999);
  assert.deepEqual([applied.length, types()], [1, []]);
  clock.advance(1);
  assert.deepEqual(types(), ["service.settled"]);
  cure.prescribe(2, "no answer");
  assert.equal(clock.nextMs, 1000);
});

test("who becomes unready in between has not settled, and nothing is left of a cure that ends", () => {
  const { clock, cure, types } = watched();
  cure.helped(1);
  clock.advance(59_999);
  cure.unready();
  clock.advance(60_000);
  assert.deepEqual(types(), []);
  cure.helped(1);
  cure.prescribe(1, "no answer");
  cure[Symbol.dispose]();
  assert.equal(clock.waiting, 0);
});
