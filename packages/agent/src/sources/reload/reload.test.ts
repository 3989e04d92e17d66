import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { loadConfigOrThrow, type Loaded } from "../../config/load.js";
import type { Part } from "../../core/assembly.js";
import { recordingBus } from "../../testing/bus.js";
import { tempDir } from "../../testing/temp-dir.js";
import { Reload } from "./reload.js";

const signal = new AbortController().signal;
const debug = "agent: {log: {level: debug}}\n";

/** A part that does what it is told, and writes down what it was asked. */
function part(name: string, done: string[], failsAt?: "prepare" | "commit"): Part<Loaded> {
  let failures = 0;
  const step = (what: "prepare" | "commit", level: string): void => {
    done.push(`${name} ${what} ${level}`);
    if (what === failsAt && failures++ === 0) throw new Error(`${name} cannot ${what}`);
  };
  return {
    name,
    prepare: async ({ config: { agent } }) => {
      step("prepare", agent.log.level);
      return {
        commit: async () => step("commit", agent.log.level),
        discard: async () => void done.push(`${name} discard`),
      };
    },
  };
}

/** An agent that runs `services: {}`, and its file. */
function running(parts: Part<Loaded>[] = []) {
  const dir = tempDir();
  const first = loadConfigOrThrow(dir.write("ostler.yaml", "services: {}\n"), {});
  const { bus, seen } = recordingBus();
  const reload = new Reload(first, { publish: bus.publish, env: {}, parts });
  return {
    reload,
    first,
    bus,
    write: (text: string, name = "ostler.yaml") => dir.write(name, text),
    last: () => (seen.at(-1)?.event ?? assert.fail("nothing was published")) as HostEvent,
    count: () => seen.length,
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

test("a good file is applied, and every change is told", async () => {
  const done: string[] = [];
  using agent = running([part("a", done), part("b", done)]);
  agent.write(debug);
  const { changes, hash } = await agent.reload.reload(signal);
  assert.deepEqual(changes, [{ path: "agent.log.level", change: "changed", effect: "restarts-part" }]);
  assert.deepEqual(done, ["a prepare debug", "b prepare debug", "a commit debug", "b commit debug"]);
  assert.deepEqual(agent.last(), { type: "config.applied", data: { file: agent.first.file, hash, changes } });
  assert.equal(agent.reload.running.config.agent.log.level, "debug");
  assert.equal(agent.bus.state.config.hash, hash);
});

test("a bad file is rejected with all its problems, and the old configuration runs on", async () => {
  const done: string[] = [];
  using agent = running([part("a", done)]);
  const file = agent.write("zebra: 1\nhttp: {listen: x}\n");
  await assert.rejects(agent.reload.reload(signal), { code: "config-invalid" });
  assert.deepEqual(agent.last(), {
    type: "config.rejected",
    data: {
      file,
      problems: [
        `${file}:1:1: zebra: is not a setting; known here: agent, http, services, controllers`,
        `${file}:2:16: http.listen: must be host:port, for example 127.0.0.1:9680`,
      ],
    },
  });
  assert.equal(agent.reload.running, agent.first);
  assert.deepEqual(done, []);
});

test("the problems of a hopeless file are told up to a limit", async () => {
  using agent = running();
  agent.write(Array.from({ length: 200 }, (_, at) => `key${at}: 1`).join("\n"));
  await assert.rejects(agent.reload.reload(signal), { code: "config-invalid" });
  const event = agent.last();
  assert.equal(event.type === "config.rejected" && event.data.problems.length, 50);
});

test("a file that is gone is rejected like a bad one", async () => {
  using agent = running();
  agent[Symbol.dispose]();
  await assert.rejects(agent.reload.reload(signal), { code: "config-invalid", message: /does not exist/ });
  assert.equal(agent.last().type, "config.rejected");
});

test("what only a restart of the agent can change is refused whole, and named", async () => {
  const done: string[] = [];
  using agent = running([part("a", done)]);
  agent.write("agent: {name: other, data_dir: /elsewhere, log: {level: debug}}\n");
  await assert.rejects(agent.reload.reload(signal), {
    code: "needs-restart",
    message: /^agent\.data_dir, agent\.run_dir, agent\.name cannot change while the agent runs/,
  });
  assert.equal(agent.last().type, "config.rejected");
  assert.equal(agent.reload.running, agent.first);
  assert.deepEqual(done, []);
});

test("when one part cannot prepare, nothing is changed anywhere", async () => {
  const done: string[] = [];
  using agent = running([part("a", done), part("b", done, "prepare"), part("c", done)]);
  agent.write(debug);
  await assert.rejects(agent.reload.reload(signal), { code: "failed", message: "b cannot prepare" });
  assert.deepEqual(done, ["a prepare debug", "b prepare debug", "a discard"]);
  assert.deepEqual(agent.last(), {
    type: "config.rejected",
    data: { file: agent.first.file, problems: ["b cannot prepare"] },
  });
  assert.equal(agent.reload.running, agent.first);
});

test("when one part cannot go over after all, those that did go back", async () => {
  const done: string[] = [];
  using agent = running([part("a", done), part("b", done, "commit"), part("c", done)]);
  agent.write(debug);
  await assert.rejects(agent.reload.reload(signal), { message: "b cannot commit" });
  assert.deepEqual(done.slice(3), [
    "a commit debug",
    "b commit debug",
    "c discard",
    "a prepare info",
    "b prepare info",
    "b commit info",
    "a commit info",
  ]);
  assert.equal(agent.reload.running, agent.first);
});

test("a file that means the same is applied and disturbs nobody", async () => {
  const done: string[] = [];
  using agent = running([part("a", done)]);
  agent.write("# only words\nservices: {}\n");
  assert.deepEqual((await agent.reload.reload(signal)).changes, []);
  assert.equal(agent.last().type, "config.applied");
  assert.deepEqual(done, []);
});

test("after a rejected file a good one clears the complaint", async () => {
  using agent = running();
  agent.write("zebra: 1\n");
  await assert.rejects(agent.reload.reload(signal));
  assert.ok(agent.bus.state.config.rejected);
  agent.write("services: {}\n");
  await agent.reload.reload(signal);
  assert.equal(agent.bus.state.config.rejected, undefined);
});

test("a plan says what a reload would do, for any file, and does nothing", () => {
  const done: string[] = [];
  using agent = running([part("a", done)]);
  const other = agent.write("agent: {name: other}\n", "other.yaml");
  const paths = agent.reload.plan(other).changes.map(({ path, effect }) => `${path} ${effect}`);
  assert.deepEqual(paths, ["agent.name needs-agent-restart"]);
  assert.deepEqual(agent.reload.plan().changes, []);
  assert.equal(agent.reload.plan().hash, agent.first.hash);
  const bad = agent.write("zebra: 1\n", "bad.yaml");
  assert.throws(() => agent.reload.plan(bad), { code: "config-invalid" });
  assert.deepEqual(done, []);
  assert.equal(agent.count(), 0);
});
