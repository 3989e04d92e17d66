import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { planChanges } from "./plan.js";
import { watchName, type WatchConfig } from "./watch.js";

/** Nothing in it depends on where the file lies. */
const file = (watch: string): string =>
  `services: {web: {cwd: /, processes: {api: {command: [a], cwd: /}, db: {command: [b], cwd: /}}, tasks: {t: {command: [c]}}, watch: [${watch}]}}`;
const watches = (watch: string): WatchConfig[] => loaded(file(watch)).config.services.web?.watch ?? assert.fail();
const problem = (watch: string): string => problemsOf(file(watch)).join("\n");

test("a watch has its limit in numbers, and waits two minutes when nothing else is said", () => {
  const all = watches(
    "{memory: {above: 512MiB}}, {cpu: {above: 90%}, for: 10s}, {children: {name: worker, at_least: 4}}, {open_files: {above: 1000}, action: restart}",
  );
  assert.deepEqual(all, [
    { memory: { above: 512 * 1024 ** 2 }, for: 120_000, action: "none" },
    { cpu: { above: 90 }, for: 10_000, action: "none" },
    { children: { name: "worker", at_least: 4 }, for: 120_000, action: "none" },
    { open_files: { above: 1000 }, for: 120_000, action: "restart" },
  ]);
  assert.deepEqual(all.map(watchName), ["memory", "cpu", "children-worker", "open_files"]);
});

test("memory may be a share of the host's", () => {
  assert.deepEqual(watches("{memory: {above: 80%}}")[0]?.memory, { above: { percent: 80 } });
});

test("the name of a child is as long as the kernel keeps it", () => {
  assert.equal(
    watches("{children: {name: a-very-long-worker-name, at_most: 1}}")[0]?.children?.name,
    "a-very-long-wor",
  );
});

test("a watch watches exactly one thing", () => {
  const wrong = /services\.web\.watch\.0: must have exactly one of memory, cpu, children, open_files$/;
  assert.match(problem("{for: 1m}"), wrong);
  assert.match(problem("{memory: {above: 1MiB}, cpu: {above: 1%}}"), wrong);
});

test("a limit that means nothing is refused, and says what is wanted", () => {
  assert.match(problem("{memory: {above: 512}}"), /memory\.above: must be a size like 512MiB, or a share/);
  assert.match(problem("{cpu: {above: 0.9}}"), /cpu\.above: must be a percentage, like 90%/);
  assert.match(problem("{children: {name: a}}"), /children: needs at_least or at_most/);
  assert.match(problem("{children: {name: a, at_least: 2, at_most: 1}}"), /must not want more than it allows/);
  assert.match(problem("{open_files: {above: -1}}"), /open_files\.above: /);
  assert.match(problem("{memory: {over: 1MiB}}"), /is not a setting/);
});

test("two watches of a service have two names, and watch processes that are there", () => {
  const memory = "{memory: {above: 1MiB}}";
  assert.match(problem(`${memory}, ${memory}`), /watch\.1: has the name of another watch of the service, "memory"/);
  assert.equal(problem(`${memory}, {name: hard, memory: {above: 2MiB}}`), "");
  assert.match(problem("{process: main, memory: {above: 1MiB}}"), /watch\.0\.process: names no process of the service/);
  assert.equal(problem("{process: api, memory: {above: 1MiB}}"), "");
});

test("a changed watch touches no process", () => {
  const [before, after] = ["1MiB", "2MiB"].map((size) => loaded(file(`{memory: {above: ${size}}}`)).config);
  assert.ok(before && after);
  assert.deepEqual(planChanges(before, after), [
    { path: "services.web.watch.0.memory.above", change: "changed", effect: "live" },
  ]);
});
