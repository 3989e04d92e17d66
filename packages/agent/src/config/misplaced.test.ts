import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "../testing/config.js";

/** The problems of a service with two processes, these settings beside them, and maybe a task. */
function beside(settings: string, tasks = ""): string[] {
  return problemsOf(`services:
  web:
    ${settings}
    processes: {api: {command: [a]}, worker: {command: [b]}}${tasks}
`);
}

const wrong = "belongs to a process: write it below processes.NAME";

test("a setting of a process beside `processes` is told with its place", () => {
  for (const setting of ["env: {A: b}", "cwd: /srv", "listens: ['tcp:80']", "stop: {timeout: 1s}", "user: www"])
    assert.deepEqual(beside(setting), [`3:5 services.web.${setting.replace(/:.*/, "")}: ${wrong}`]);
});

test("also one that only says its default", () => {
  assert.deepEqual(beside("env: {}"), [`3:5 services.web.env: ${wrong}`]);
});

test("the tasks of several processes have the environment and the directory of their service", () => {
  const tasks = "\n    tasks: {tidy: {command: [t]}}";
  assert.deepEqual(beside("env: {A: b}", tasks), []);
  assert.deepEqual(beside("cwd: /srv", tasks), []);
  assert.deepEqual(beside("stop: {timeout: 1s}", tasks), [`3:5 services.web.stop: ${wrong}`]);
});

test("a task of the only process has what that process has", () => {
  const text = "services: {web: {env: {A: b}, processes: {api: {command: [a]}}, tasks: {tidy: {command: [t]}}}}";
  assert.deepEqual(problemsOf(text), [`1:18 services.web.env: ${wrong}`]);
});

test("what is no mapping is complained about once, by the schema", () => {
  for (const text of ["services: [web]", "services: {web: 1}", "services: {web: {processes: [a]}}", "[]"])
    assert.equal(problemsOf(text).length, 1, text);
});
