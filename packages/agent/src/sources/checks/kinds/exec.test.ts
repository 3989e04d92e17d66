import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { ExecCheck } from "../../../config/checks/exec.js";
import { allProcesses, startEnvOf } from "../../../platform/proc.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { execProbe } from "./exec.js";

const exec = (command: string[], env: Record<string, string> = {}): Probe =>
  execProbe(checkOf<ExecCheck>({ kind: "exec", command, env }));

test("exec: code 0 passes, whatever was said", async () => {
  assert.equal(await ask(exec(["sh", "-c", "echo out; echo err >&2"])), "ok");
});

test("exec: another code fails, with what the command said last", async () => {
  assert.equal(
    await ask(exec(["sh", "-c", "echo first; echo second >&2; exit 3"])),
    "sh exited with code 3: first\nsecond",
  );
  const long = await ask(exec(["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo the end; exit 2"]));
  assert.match(long, /^sh exited with code 2: x+the end$/);
  assert.ok(long.length < 600);
  assert.equal(await ask(exec(["sh", "-c", "exit 2"])), "sh exited with code 2");
});

test("exec: code 1 passes with a warning, which shows what the command said last", async () => {
  assert.equal(await ask(exec(["false"])), "warning: false exited with code 1");
  const long = await ask(exec(["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo the end; exit 1"]));
  assert.match(long, /^warning: sh exited with code 1: x+the end$/);
  assert.ok(long.length < 600);
});

test("exec: a command that is killed says by what", async () => {
  assert.equal(await ask(exec(["sh", "-c", "kill -SEGV $$"])), "sh was ended by SIGSEGV");
});

test("exec: a program that is missing or cannot run fails with a reason", async () => {
  using dir = tempDir();
  assert.match(await ask(exec(["no-such-program-here"])), /^no-such-program-here could not be started: .*ENOENT/);
  assert.match(await ask(exec([dir.write("plain", "text")])), /could not be started: .*EACCES/);
});

test("exec: no shell interprets the arguments", async () => {
  assert.equal(await ask(exec(["test", "$HOME; exit 2", "=", "$HOME; exit 2"])), "ok");
});

test("exec: gets the configured environment, and none of the agent's secrets", async () => {
  process.env.AGENT_SECRET = "s3cret";
  const answer = await ask(exec(["sh", "-c", 'echo "$MINE|$AGENT_SECRET|${PATH:+path}"; exit 2'], { MINE: "m" }));
  delete process.env.AGENT_SECRET;
  assert.match(answer, /: m\|\|path$/);
});

/** Living processes that were started with this mark in their environment. */
const marked = (mark: string): number[] =>
  allProcesses()
    .filter(({ pid, ended }) => !ended && startEnvOf(pid, "TEST_MARK") === mark)
    .map(({ pid }) => pid);

test("exec: of a command that hangs nothing is left when its time is over, its children included", async () => {
  const mark = randomUUID();
  const script = "trap '' TERM HUP INT; sleep 1000 & sleep 1000 & wait";
  const asked = ask(exec(["sh", "-c", script], { TEST_MARK: mark }), 300);
  await until(() => marked(mark).length === 3, "the command and its children run");
  assert.equal(await asked, "sh did not end in time");
  await until(() => marked(mark).length === 0, "nothing is left");
});

test("exec: of a command that ended its children end too, and hold up nothing", async () => {
  const mark = randomUUID();
  assert.equal(await ask(exec(["sh", "-c", "sleep 1000 & exit 0"], { TEST_MARK: mark })), "ok");
  await until(() => marked(mark).length === 0, "nothing is left");
});

test("exec: a check that is withdrawn before it began runs nothing", async () => {
  const mark = randomUUID();
  const verdict = await exec(["sleep", "1000"], { TEST_MARK: mark })(AbortSignal.abort());
  assert.equal(verdict.ok, false);
  await until(() => marked(mark).length === 0, "nothing is left");
});
