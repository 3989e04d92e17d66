import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { OstlerError, type TaskResult } from "@ostler/protocol";
import type { Task } from "../../config/services.js";
import { taskConfig } from "../../config/tasks.js";
import { systemClock } from "../../core/clock.js";
import { allProcesses, startEnvOf } from "../../platform/proc.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { runTask } from "./run-task.js";

const never = new AbortController().signal;

type Settings = {
  env?: Record<string, string>;
  envFiles?: Task["envFiles"];
  timeout?: string;
  secrets?: string[];
  signal?: AbortSignal;
};

/** Runs a script of the shell as a task. */
function run(script: string, { envFiles = [], timeout = "1m", signal = never, ...settings }: Settings = {}) {
  const { env = {}, secrets = [] } = settings;
  const task = { ...taskConfig.parse({ command: ["sh", "-c", script], env, timeout }), cwd: "/usr", envFiles };
  const deps = { clock: systemClock, env: process.env, agentId: "agent", secrets: () => secrets };
  return runTask({ service: "web", name: "tidy" }, task, deps, signal);
}

/** How a task fails: its code, its message, and what it left. */
async function failing(running: Promise<TaskResult>): Promise<[string, string, TaskResult]> {
  const failure = await running.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => OstlerError.from(thrown),
  );
  return [failure.code, failure.message, failure.data as TaskResult];
}

/** Living processes that carry a mark in their environment. */
const marked = (mark: string): number =>
  allProcesses().filter(({ pid, ended }) => !ended && startEnvOf(pid, "TEST_MARK") === mark).length;

test("a task that succeeds tells what it wrote, and how long it took", async () => {
  const { tookMs, ...rest } = await run("pwd; echo hm >&2; echo $MORE", { env: { MORE: "more" } });
  assert.deepEqual(rest, { exit: { kind: "code", code: 0 }, stdout: "/usr\nmore\n", stderr: "hm\n", clipped: false });
  assert.ok(tookMs >= 0);
});

test("a task that fails says how it ended and what it said last, and leaves what it wrote", async () => {
  const [code, message, { exit, stdout }] = await failing(run("echo half; echo a >&2; echo no space >&2; exit 4"));
  assert.deepEqual([code, message], ["failed", "Task tidy exited with code 4: no space"]);
  assert.deepEqual([exit, stdout], [{ kind: "code", code: 4 }, "half\n"]);
  assert.equal((await failing(run("exit 1")))[1], "Task tidy exited with code 1.");
  assert.equal((await failing(run("kill -KILL $$")))[1], "Task tidy ended by SIGKILL.");
  assert.ok((await failing(run("head -c 9000 /dev/zero | tr '\\0' x >&2; exit 1")))[1].length < 600);
});

test("a program that is missing is told before anything begins", async () => {
  const task = { ...taskConfig.parse({ command: ["/does/not/exist"] }), cwd: "/", envFiles: [] };
  const deps = { clock: systemClock, env: {}, agentId: "agent", secrets: () => [] };
  const [code, message] = await failing(runTask({ service: "web", name: "tidy" }, task, deps, never));
  assert.deepEqual([code, message], ["failed", "Task tidy could not be started: /does/not/exist does not exist."]);
});

test("of what a task writes without end the last 64 KiB are kept", async () => {
  const { stdout, clipped } = await run("seq 1 100000");
  assert.equal(clipped, true);
  assert.ok(stdout.length <= 64 * 1024 && stdout.length > 63 * 1024);
  assert.match(stdout, /\n99999\n100000\n$/);
});

test("a task whose time is over is asked to end, and may say something more", async () => {
  const script = "trap 'echo bye; exit 3' TERM; echo begun; while :; do sleep 0.01; done";
  const [code, message, { stdout, exit }] = await failing(run(script, { timeout: "300ms" }));
  assert.deepEqual([code, message], ["timed-out", "Task tidy did not end within 300 ms and was ended."]);
  assert.deepEqual([stdout, exit], ["begun\nbye\n", { kind: "code", code: 3 }]);
});

test("a task that ignores this is killed, and so is whoever it started, also outside of its session", async () => {
  using dir = tempDir();
  const mark = randomUUID();
  const ready = dir.at("ready");
  const script = `trap '' TERM; sleep 1000 & setsid sh -c "trap '' TERM; sleep 1000" & echo > ${ready}; wait; wait`;
  const stop = new AbortController();
  const running = failing(run(script, { env: { TEST_MARK: mark }, signal: stop.signal }));
  await until(() => marked(mark) >= 4, "the task and everybody of it run");
  stop.abort();
  const [code, , { exit }] = await running;
  assert.deepEqual([code, exit], ["cancelled", { kind: "signal", signal: "SIGKILL", core: false }]);
  assert.equal(marked(mark), 0);
});

test("whoever a task leaves behind is ended with it", async () => {
  const mark = randomUUID();
  await run("setsid sleep 1000 & sleep 1000 & exit 0", { env: { TEST_MARK: mark } });
  assert.equal(marked(mark), 0);
});

test("a task that is withdrawn before it begins does nothing", async () => {
  using dir = tempDir();
  const [code] = await failing(run(`echo > ${dir.at("trace")}`, { signal: AbortSignal.abort() }));
  assert.equal(code, "failed");
});

test("known secrets are hidden in what a task wrote", async () => {
  const env = { KEY: "s3cret" };
  assert.equal((await run("echo key $KEY", { env, secrets: ["s3cret"] })).stdout, "key [redacted]\n");
  const [, message] = await failing(run("echo no $KEY >&2; exit 1", { env, secrets: ["s3cret"] }));
  assert.equal(message, "Task tidy exited with code 1: no [redacted]");
});

test("a task has the variables of its service's files, whose values are hidden in what it wrote", async () => {
  using dir = tempDir();
  const path = dir.write("web.env", "TOKEN=hunter22\nDEBUG=1\n");
  const { stdout } = await run("echo $TOKEN $DEBUG ${#TOKEN}", { envFiles: [{ path, optional: false }] });
  assert.match(stdout, /^\S+ 1 8\n$/);
  assert.ok(!stdout.includes("hunter22"));
});

test("a file of variables that cannot be read is told before anything begins", async () => {
  const [code, message] = await failing(run("true", { envFiles: [{ path: "/does/not/exist", optional: false }] }));
  assert.equal(code, "failed");
  assert.match(message, /^Task tidy could not be started: .*\/does\/not\/exist/);
});
