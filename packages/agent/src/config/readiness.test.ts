import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { planChanges } from "./plan.js";
import { checksOf, processesOf, type ServiceConfig } from "./services.js";

const file = (more: string): string => `services: {web: {processes: {api: {command: [a], cwd: /, ${more}}}}}`;
const short = (more: string): string => `services: {web: {command: [a], cwd: /, ${more}}}`;
const service = (text: string): ServiceConfig => loaded(text).config.services.web ?? assert.fail();
const effects = (before: string, after: string): string[] =>
  planChanges(loaded(before).config, loaded(after).config)
    .filter(({ path }) => path !== "services.web.cwd") // Each is loaded from a directory of its own.
    .map(({ path, effect }) => `${path}: ${effect}`);

test("a process that notifies has a readiness check of its own, however it is written", () => {
  assert.deepEqual(checksOf(service(file("notify_fd: 3"))), [
    { name: "api:notified", role: "readiness", process: "api" },
  ]);
  assert.deepEqual(checksOf(service(short("notify_fd: 9, listens: ['tcp:80']"))), [
    { name: "main:listens", role: "readiness", process: "main" },
    { name: "main:notified", role: "readiness", process: "main" },
  ]);
  assert.equal(processesOf(service(short("notify_fd: 4, notify_within: 30s"))).main?.notify_within, 30_000);
});

test("a descriptor is one that is free and that a shell can name", () => {
  for (const bad of ["0", "1", "2", "10", "-1", "3.5", "three"])
    assert.notDeepEqual(problemsOf(file(`notify_fd: ${bad}`)), []);
});

test("a deadline without anything to wait for is refused", () => {
  for (const text of [file("notify_within: 5s"), short("notify_within: 5s")])
    assert.match(problemsOf(text).join(), /notify_within: needs notify_fd, on which it would notify/);
  assert.match(problemsOf(file("notify_fd: 3, notify_within: 0s")).join(), /must be between 1ms and 24d/);
});

test("what belongs to a process is not taken at a service that names its processes", () => {
  const text = "services: {web: {notify_fd: 3, processes: {api: {command: [a]}}}}";
  assert.match(problemsOf(text).join(), /web\.notify_fd: belongs to a process: write it below processes\.NAME/);
});

test("another descriptor takes another start, another deadline does not", () => {
  const path = "services.web.processes.api.notify";
  assert.deepEqual(effects(file("notify_fd: 3"), file("notify_fd: 4")), [`${path}_fd: restarts-process`]);
  assert.deepEqual(effects(file("notify_fd: 3"), file("notify_fd: 3, notify_within: 5s")), [`${path}_within: live`]);
});

test("a marker has a pattern and a time, and a pattern that is none is told with its fault", () => {
  const marker = (text: string): string => problemsOf(file(`marker: {match: '${text}', within: 30s}`)).join();
  assert.deepEqual(processesOf(service(file("marker: {match: 'Listening on \\d+', within: 30s}"))).api?.marker, {
    match: "Listening on \\d+",
    within: 30_000,
  });
  assert.match(
    marker("(up"),
    /api\.marker\.match: must be a regular expression: \( is not closed; .*, at character 1 /,
  );
  assert.match(marker("a**"), /nothing to repeat/);
  assert.match(marker("up(?=!)"), /1:\d+ .*A lookahead cannot be matched in linear time; .*, at character 3 /);
  assert.match(marker("(u)\\1"), /A backreference cannot/);
  assert.notEqual(marker(""), "");
  assert.notEqual(marker("x".repeat(1001)), "");
  assert.match(problemsOf(file("marker: {match: up}")).join(), /marker\.within: must be a duration/);
  assert.match(problemsOf(file("marker: {match: up, within: 0s}")).join(), /must be between 1ms and 24d/);
});

test("a marker is taken over without touching the process", () => {
  const marker = (text: string): string => file(`marker: {match: ${text}, within: 30s}`);
  assert.deepEqual(effects(marker("up"), marker("down")), ["services.web.processes.api.marker.match: live"]);
  assert.deepEqual(effects(file("env: {}"), marker("up")), ["services.web.processes.api.marker: live"]);
  assert.deepEqual(checksOf(service(marker("up"))), []);
});
