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
  assert.match(problem('cron: "@daily", listens: ["tcp:80"]'), /listens: is for processes that stay/);
  assert.match(problem("type: oneshot, notify_fd: 3"), /notify_fd: is for processes that stay/);
  const check = "checks: [{name: up, kind: tcp, address: 'a:1', process: job}]";
  assert.match(
    problemsOf(file("type: oneshot").replace("{processes", `{${check}, processes`)).join(),
    /checks\.0\.process: is a process that is to end/,
  );
});

test("a service with one process may be scheduled without a name for it", () => {
  const { config } = loaded('services: {shop: {command: [a], cwd: /, cron: "@hourly", max_runtime: 5m}}');
  const { main } = processesOf(config.services.shop ?? assert.fail());
  assert.deepEqual([main?.cron?.at, main?.max_runtime], ["@hourly", 300_000]);
  assert.match(problemsOf("services: {shop: {command: [a], cwd: /, max_runtime: 5m}}").join(), /max_runtime: is for/);
});
