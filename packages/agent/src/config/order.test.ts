import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { processesOf } from "./services.js";
import type { ProcessConfig } from "./processes.js";

const file = (processes: string): string => `services: {shop: {processes: {${processes}}}}`;
const problems = (processes: string): string => problemsOf(file(processes)).join("\n");
const shop = (processes: string): Record<string, ProcessConfig> =>
  processesOf(loaded(file(processes)).config.services.shop ?? assert.fail());

const run = "command: [a], cwd: /";

test("a process may come after others, by name alone or with how far they must have come", () => {
  const { web } = shop(
    `web: {${run}, after: [cache, db: ready, migrate: completed]}, cache: {${run}}, db: {${run}}, migrate: {${run}, type: oneshot}`,
  );
  assert.deepEqual(web?.after, [
    { process: "cache", until: "started" },
    { process: "db", until: "ready" },
    { process: "migrate", until: "completed" },
  ]);
});

test("processes come in the order of their start, and as they are written where nothing else is said", () => {
  const names = Object.keys(
    shop(`web: {${run}, after: [db]}, log: {${run}}, db: {${run}, after: [disk]}, disk: {${run}}`),
  );
  assert.deepEqual(names, ["disk", "db", "web", "log"]);
});

test("a process that waits for itself is refused, and the circle is named", () => {
  assert.match(
    problems(`a: {${run}, after: [b]}, b: {${run}, after: [c]}, c: {${run}, after: [a]}`),
    /processes\.a: waits for itself: a after b after c after a$/,
  );
  assert.match(problems(`a: {${run}, after: [a: ready]}`), /waits for itself: a after a/);
});

test("what could never come is refused", () => {
  assert.match(problems(`a: {${run}, after: [b]}`), /after\.0: names no process of the service: b/);
  assert.match(
    problems(`a: {${run}, after: [b: completed]}, b: {${run}}`),
    /would wait for ever: b is not meant to end/,
  );
  assert.match(
    problems(`a: {${run}, after: [b: ready]}, b: {${run}, type: oneshot}`),
    /must be `b: completed`, because b is a one-shot process/,
  );
  assert.match(problems(`a: {${run}, after: [b]}, b: {${run}, cron: "@daily"}`), /which runs at its own times/);
  assert.match(
    problems(`a: {${run}, after: [b: soon]}, b: {${run}}`),
    /after\.0\.b: invalid option: expected one of "started"/,
  );
});
