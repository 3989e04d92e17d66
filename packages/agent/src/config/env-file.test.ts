import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { tempDir } from "../testing/temp-dir.js";
import { loadConfigOrThrow } from "./load.js";
import { effectOf } from "./plan.js";
import { processesOf } from "./services.js";

test("one file or several, relative to the configuration, are named; - makes one optional", () => {
  using dir = tempDir();
  const file = dir.write(
    "ostler.yaml",
    `services:
  one: {command: [a], env_file: secrets.env}
  two: {processes: {api: {command: [a], env_file: [/etc/a.env, -more/b.env, -/etc/c.env]}}}
`,
  );
  const { services } = loadConfigOrThrow(file, {}).config;
  const filesOf = (service: string, process: string): unknown =>
    processesOf(services[service] ?? assert.fail())[process]?.env_file;
  assert.deepEqual(filesOf("one", "main"), [{ path: dir.at("secrets.env"), optional: false }]);
  assert.deepEqual(filesOf("two", "api"), [
    { path: "/etc/a.env", optional: false },
    { path: dir.at("more/b.env"), optional: true },
    { path: "/etc/c.env", optional: true },
  ]);
});

test("a file does not have to be there for the configuration to be valid", () => {
  assert.doesNotThrow(() => loaded("services: {web: {command: [a], env_file: /does/not/exist}}"));
});

test("what is no path is refused", () => {
  for (const bad of ['""', "'-'", "1", "{a: b}"])
    assert.match(
      problemsOf(`services: {web: {command: [a], env_file: ${bad}}}`).join(),
      /env_file: must name a file, or a list of files/,
      bad,
    );
});

test("another file takes another start", () => {
  assert.equal(effectOf(["services", "web", "processes", "main", "env_file"]), "restarts-process");
});
