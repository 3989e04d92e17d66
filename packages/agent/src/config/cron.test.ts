import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { processesOf } from "./services.js";

const file = (more: string): string => `services: {shop: {processes: {job: {command: [a], cwd: /, ${more}}}}}`;
const problem = (more: string): string => problemsOf(file(more)).join("\n");
const cronOf = (more: string): unknown =>
  processesOf(loaded(file(more)).config.services.shop ?? assert.fail()).job?.cron;

test("an expression alone is enough: UTC, no overlap, and what is missed is missed", () => {
  const expected = { at: "*/5 * * * *", timezone: "UTC", overlap: "skip", missed: "skip" };
  assert.deepEqual(cronOf('cron: "*/5 * * * *"'), expected);
  assert.deepEqual(cronOf('cron: {at: "*/5 * * * *"}'), expected);
});

test("time zone, overlap and what is missed can be said", () => {
  const more = 'cron: {at: "0 3 * * *", timezone: Europe/Rome, overlap: queue, missed: run}';
  assert.deepEqual(cronOf(more), { at: "0 3 * * *", timezone: "Europe/Rome", overlap: "queue", missed: "run" });
});

test("what is no schedule is refused, and says why", () => {
  assert.match(
    problem('cron: {at: "0 99 * * *"}'),
    /cron\.at: is no cron expression .*99 is a invalid expression for hour/,
  );
  assert.match(problem('cron: {at: "@reboot"}'), /cron\.at: is no cron expression/);
  assert.match(problem('cron: "every day"'), /cron/);
  assert.match(problem('cron: {at: "@daily", timezone: Mars/Olympus}'), /timezone: is no time zone like Europe\/Rome/);
});

test("settings that contradict each other are refused", () => {
  assert.match(problem('cron: "@daily", type: oneshot'), /type: is not needed beside `cron`/);
  assert.match(problem('cron: "@daily", instances: 2'), /instances: does not go with `cron`/);
  assert.match(problem("max_runtime: 5m"), /max_runtime: is for processes that end/);
  assert.equal(problem("max_runtime: 5m, type: oneshot"), "");
});
