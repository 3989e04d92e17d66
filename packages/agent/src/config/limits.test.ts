import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { effectOf } from "./plan.js";
import { limitFields, type LimitsConfig } from "./limits.js";
import { processesOf } from "./services.js";
import type { ProcessConfig } from "./processes.js";

const service = (more: string): string => `services: {web: {command: [a], ${more}}}`;

function main(more: string): ProcessConfig {
  const { config } = loaded(service(more));
  return processesOf(config.services.web ?? assert.fail()).main ?? assert.fail();
}

const limits = (more: string): LimitsConfig | undefined => main(`limits: {${more}}`).limits;
const problem = (more: string): string => problemsOf(service(more)).join();

test("a limit is a number, a size with its unit, or unlimited", () => {
  assert.deepEqual(limits("open_files: 1024, processes: unlimited"), { open_files: 1024, processes: "unlimited" });
  assert.deepEqual(limits("core: 0, file_size: 64MiB, stack: 8192, locked_memory: unlimited, address_space: 1GiB"), {
    core: 0,
    file_size: 64 * 1024 ** 2,
    stack: 8192,
    locked_memory: "unlimited",
    address_space: 1024 ** 3,
  });
});

test("CPU time is limited in whole seconds", () => {
  assert.deepEqual(limits("cpu_time: 30"), { cpu_time: 30 });
  assert.deepEqual(limits("cpu_time: 1.5m"), { cpu_time: 90 });
  assert.deepEqual(limits("cpu_time: 1500ms"), { cpu_time: 2 });
});

test("memory is a size, and CPU a number of them", () => {
  assert.deepEqual(limits("memory: 64MiB, cpu: 0.5"), { memory: 64 * 1024 ** 2, cpu: 0.5 });
  assert.deepEqual(limits("memory: unlimited, cpu: 2"), { memory: "unlimited", cpu: 2 });
  for (const bad of ["memory: 0", "memory: 64MB"])
    assert.match(problem(`limits: {${bad}}`), /must be a size like 64MiB, bytes, or "unlimited"/, bad);
  for (const bad of ["cpu: 0", "cpu: -1", "cpu: 50%"])
    assert.match(problem(`limits: {${bad}}`), /must be a number of CPUs, at least 0\.01/, bad);
});

test("a limit that makes no sense is refused and told how to write it", () => {
  for (const bad of ["open_files: -1", "open_files: 1.5", "open_files: 64MiB", "processes: many"])
    assert.match(problem(`limits: {${bad}}`), /must be a whole number, or "unlimited"/, bad);
  for (const bad of ["core: -1", "stack: 8MB", "file_size: infinity"])
    assert.match(problem(`limits: {${bad}}`), /must be a size like 64MiB, bytes, or "unlimited"/, bad);
  for (const bad of ["cpu_time: 0", "cpu_time: 10ms"])
    assert.match(problem(`limits: {${bad}}`), /must be a duration of at least 1s/, bad);
  assert.match(problem("limits: {nofile: 1}"), /limits\.nofile: is not a setting/);
});

test("users and groups are names or numbers", () => {
  const { user, group, groups } = main("user: www-data, group: 33, groups: [adm, 4]");
  assert.deepEqual([user, group, groups], ["www-data", "33", ["adm", "4"]]);
  for (const bad of ['""', "-x", '"a:b"', "4294967295", "true", '"a\\nb"'])
    assert.match(problem(`user: ${bad}`), /web\.user: must be a name or a number/, bad);
});

test("a umask is octal text, which YAML cannot take for another number", () => {
  assert.equal(main("umask: '0027'").umask, "0027");
  assert.equal(main("umask: '077'").umask, "077");
  for (const bad of ["0027", "27", "'0028'", "'1777'", "'u=rwx'"])
    assert.match(problem(`umask: ${bad}`), /must be octal and in quotes, like '0027'/, bad);
});

test("niceness goes from -20 to 19", () => {
  assert.equal(main("nice: -20").nice, -20);
  for (const bad of ["-21", "20", "1.5", "low"]) assert.notEqual(problem(`nice: ${bad}`), "", bad);
});

test("what belongs to a process is not taken at a service that names its processes", () => {
  const text = "services: {web: {user: www, processes: {api: {command: [a]}}}}";
  assert.match(problemsOf(text).join(), /web\.user: belongs to a process: write it below processes\.NAME/);
});

test("a process without limits has none", () => {
  const { user, limits, nice } = main("env: {}");
  assert.deepEqual([user, limits, nice], [undefined, undefined, undefined]);
});

test("another limit takes another start", () => {
  for (const field of Object.keys(limitFields)) {
    assert.equal(effectOf(["services", "web", field]), "restarts-process");
    assert.equal(effectOf(["services", "web", "processes", "api", field]), "restarts-process");
  }
  assert.equal(effectOf(["services", "web", "limits", "open_files"]), "restarts-process");
});
