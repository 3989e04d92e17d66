import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "@ostler/protocol";
import { systemClock } from "../../core/clock.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { runCheck, type CheckPlan } from "./checker.js";
import { failed, passed, type Verdict } from "./verdict.js";

const usual = {
  service: "web",
  check: "up",
  role: "readiness" as const,
  every: 1000,
  timeout: 60_000,
  initial_delay: 0,
  failures: 1,
  successes: 1,
};

/** A check whose probe answers `+` or `-` in turn, the last one for ever; and everything it does, with the time in ms. */
type How = { plan?: Partial<CheckPlan>; probeMs?: number; random?: () => number };

function begin(answers: string, { plan = {}, probeMs = 0, random = () => 0.5 }: How = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  const askedAt: number[] = [];
  const samples: Sample[] = [];
  const probe = async (signal: AbortSignal): Promise<Verdict> => {
    const answer = answers[askedAt.length] ?? answers.at(-1);
    askedAt.push(clock.monotonic());
    if (probeMs > 0) await clock.sleep(probeMs, signal);
    return answer === "+" ? passed : failed("no");
  };
  const whole: CheckPlan = { ...usual, probe, ...plan };
  const publish = (event: { type: string }): number => told.push(`${clock.monotonic()} ${event.type}`);
  const done = runCheck(whole, { publish, sample: (sample) => samples.push(sample), clock, random }, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
    assert.equal(clock.waiting, 0, "no timer is left");
  };
  return { clock, told, askedAt, samples, end };
}

test("a check asks at once, then every interval", async () => {
  const check = begin("+");
  await check.clock.pass(3500);
  assert.deepEqual(check.askedAt, [0, 1000, 2000, 3000]);
  await check.end();
});

test("intervals are shaken by a tenth, so that a fleet does not knock in step", async () => {
  for (const [random, everyMs] of [
    [0, 900],
    [0.75, 1050],
  ] as const) {
    const check = begin("+", { random: () => random });
    await check.clock.pass(2500);
    assert.deepEqual(check.askedAt, [0, everyMs, 2 * everyMs]);
    await check.end();
  }
});

test("until it has passed once a check asks eagerly, each time waiting twice as long", async () => {
  const check = begin("------+", { plan: { failures: 9 } });
  await check.clock.pass(3500);
  assert.deepEqual(check.askedAt, [0, 50, 150, 350, 750, 1550, 2550]);
  await check.end();
});

test("a service that comes up between two intervals is seen soon after", async () => {
  const check = begin("---+", { plan: { every: 60_000, failures: 2 } });
  await check.clock.pass(1000);
  assert.deepEqual(check.told, ["350 check.passed"]);
  await check.end();
});

test("asking eagerly does not use up the failures that a slow starter is allowed", async () => {
  const check = begin("-", { plan: { failures: 3 } });
  await check.clock.pass(1900);
  assert.ok(check.askedAt.length > 3);
  assert.deepEqual(check.told, []);
  await check.clock.pass(5000);
  assert.deepEqual(check.told, ["2550 check.failed"]);
  await check.end();
});

test("only changes are told", async () => {
  const check = begin("+++--++-", { plan: { failures: 2 } });
  await check.clock.pass(8500);
  assert.deepEqual(check.told, ["0 check.passed", "4000 check.failed", "5000 check.passed", "8000 check.failed"]);
  await check.end();
});

test("one failure among passes is told to nobody where three are asked for", async () => {
  const check = begin("+-++--+", { plan: { failures: 3 } });
  await check.clock.pass(20_000);
  assert.deepEqual(check.told, ["0 check.passed"]);
  await check.end();
});

test("every single probe is measured", async () => {
  const check = begin("+-", { plan: { failures: 9 }, probeMs: 20 });
  await check.clock.pass(1500);
  assert.deepEqual(check.samples, [
    { type: "check.probed", service: "web", check: "up", ok: true, tookMs: 20 },
    { type: "check.probed", service: "web", check: "up", ok: false, tookMs: 20 },
  ]);
  await check.end();
});

test("the time a probe takes is part of the interval, and a slow one is not followed by a second at once", async () => {
  const quick = begin("+", { probeMs: 400 });
  await quick.clock.pass(2500);
  assert.deepEqual(quick.askedAt, [0, 1000, 2000]);
  await quick.end();
  const slow = begin("+", { probeMs: 1500 });
  await slow.clock.pass(4000);
  assert.deepEqual(slow.askedAt, [0, 1500, 3000]);
  await slow.end();
});

test("the first probe waits for the initial delay", async () => {
  const check = begin("+", { plan: { initial_delay: 5000 } });
  await check.clock.pass(4999);
  assert.deepEqual(check.askedAt, []);
  await check.clock.pass(1);
  assert.deepEqual(check.told, ["5000 check.passed"]);
  await check.end();
});

test("a check that is stopped while it asks tells nothing any more", async () => {
  const check = begin("-", { probeMs: 100 });
  await check.clock.pass(50);
  await check.end();
  assert.deepEqual(check.told, []);
  assert.deepEqual(check.samples, []);
});

/** The first event of a check with a real clock. */
async function firstEvent(plan: Pick<CheckPlan, "probe"> & Partial<CheckPlan>): Promise<{ reason?: string }> {
  const stop = new AbortController();
  const whole: CheckPlan = { ...usual, role: "liveness", ...plan };
  const awake = setInterval(() => {}, 1000); // The deadline of a probe alone keeps no process running.
  return new Promise((resolve) => {
    const publish = (event: { type: string; data: object }): number => {
      stop.abort();
      clearInterval(awake);
      void done.then(() => resolve(event.data));
      return 0;
    };
    const done = runCheck(whole, { publish, sample: () => {}, clock: systemClock, random: () => 0.5 }, stop.signal);
  });
}

test("an event says which check of which service and process it is about, and what it is for", async () => {
  const about = { service: "web", check: "up", role: "liveness" };
  const probe = async (): Promise<Verdict> => failed("no");
  assert.deepEqual(await firstEvent({ probe }), { ...about, reason: "no", failures: 1 });
  assert.deepEqual(await firstEvent({ probe, process: "api" }), {
    ...about,
    process: "api",
    reason: "no",
    failures: 1,
  });
});

test("a probe that does not answer in its time has failed, and is told to end", async () => {
  let ended = false;
  const probe = (signal: AbortSignal): Promise<Verdict> =>
    new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        ended = true;
        resolve(failed("withdrawn"));
      }),
    );
  assert.equal((await firstEvent({ probe, timeout: 20 })).reason, "no answer within 20 ms");
  assert.ok(ended);
});

test("a probe that breaks is a failed one, and the check goes on", async () => {
  const probe = async (): Promise<Verdict> => {
    throw new Error("spawn E2BIG");
  };
  assert.equal((await firstEvent({ probe })).reason, "spawn E2BIG");
});
