import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../testing/until.js";
import { armCron } from "./cron-task.js";

test("a schedule is triggered at each of its times, one after the other", async () => {
  const due: number[] = [];
  const armed = armCron({ at: "* * * * * *", timezone: "UTC" }, { due: (ms) => due.push(ms), missed: () => {} });
  await until(() => due.length >= 2, "it is triggered twice");
  armed[Symbol.dispose]();
  const [first = 0, second] = due;
  assert.equal(first % 1000, 0);
  assert.equal(second, first + 1000);
});

test("the next time is known, in the schedule's own time zone", () => {
  const hourIn = (timezone: string): number | undefined => {
    using armed = armCron({ at: "0 12 * * *", timezone }, { due: () => {}, missed: () => {} });
    return new Date(armed.nextMs() ?? NaN).getUTCHours();
  };
  assert.equal(hourIn("UTC"), 12);
  assert.equal(hourIn("Asia/Kolkata"), 6);
});

test("times that a blocked event loop lets pass are missed, not made up for", async () => {
  const due: number[] = [];
  const missed: number[] = [];
  const armed = armCron(
    { at: "* * * * * *", timezone: "UTC" },
    { due: (ms) => due.push(ms), missed: (ms) => missed.push(ms) },
  );
  await until(() => due.length > 0, "it runs");
  const blockedMs = 8000;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
  await until(() => missed.length > 0, "it tells what it missed");
  armed[Symbol.dispose]();
  assert.ok(missed.every((ms) => ms > (due[0] ?? 0)));
});

test("what is disposed is not triggered any more", async () => {
  const due: number[] = [];
  const ended = armCron({ at: "* * * * * *", timezone: "UTC" }, { due: (ms) => due.push(ms), missed: () => {} });
  ended[Symbol.dispose]();
  const after: number[] = [];
  const other = armCron({ at: "* * * * * *", timezone: "UTC" }, { due: (ms) => after.push(ms), missed: () => {} });
  await until(() => after.length > 1, "another one is");
  other[Symbol.dispose]();
  assert.deepEqual(due, []);
});
