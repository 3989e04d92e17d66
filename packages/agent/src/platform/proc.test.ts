import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { until } from "../testing/until.js";
import { allProcesses, bootId, isAlive, readProc, startEnvOf, statOf, uptimeMsOf } from "./proc.js";

/** A child that is ended with the test. */
function child(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Disposable & { process: ChildProcess; pid: number } {
  const started = spawn(program, args, { stdio: "ignore", env });
  return { process: started, pid: started.pid ?? assert.fail(), [Symbol.dispose]: () => void started.kill("SIGKILL") };
}

test("a process is known by its pid and the tick it started at", () => {
  const self = statOf(process.pid) ?? assert.fail();
  assert.equal(self.pid, process.pid);
  assert.equal(self.parent, process.ppid);
  assert.ok(self.startTicks > 0);
  assert.ok(isAlive(self));
  assert.ok(!isAlive({ ...self, startTicks: self.startTicks - 1 }), "another one had this pid before");
});

test("a name that looks like the rest of the line deceives nobody", async () => {
  using dir = tempDir();
  const script = dir.write("a) Z 1 (b", "#!/bin/sh\nread -r forever\n", 0o755);
  const started = spawn(script, { stdio: ["pipe", "ignore", "ignore"] });
  await once(started, "spawn");
  const pid = started.pid ?? assert.fail();
  await until(() => readProc(`${pid}/stat`)?.includes("(a) Z 1 (b)"), "the script runs");
  const { parent, ended } = statOf(pid) ?? assert.fail();
  assert.deepEqual([parent, ended], [process.pid, false]);
  started.kill("SIGKILL");
});

test("a process that has ended and only waits to be collected is not alive", async () => {
  using parent = child("sh", ["-c", "true & exec sleep 1000"]);
  const zombie = await until(() => allProcesses().find((one) => one.parent === parent.pid && one.ended));
  assert.equal(isAlive(zombie), false);
});

test("a process that is gone is nothing", async () => {
  using gone = child("true", []);
  await once(gone.process, "exit");
  assert.equal(statOf(gone.pid), undefined);
  assert.equal(isAlive({ pid: gone.pid, startTicks: 1 }), false);
  assert.equal(startEnvOf(gone.pid, "PATH"), undefined);
  assert.equal(readProc(`${gone.pid}/stat`), undefined);
});

test("the environment that a process was started with can be asked, exactly by name", async () => {
  using started = child("sleep", ["1000"], { PATH: process.env.PATH, MARK: "a=b c", EMPTY: "", MARKET: "no" });
  await until(() => startEnvOf(started.pid, "MARK") === "a=b c");
  assert.equal(startEnvOf(started.pid, "EMPTY"), "");
  assert.equal(startEnvOf(started.pid, "MAR"), undefined);
});

test("how long a process has been running is told in milliseconds", () => {
  const { startTicks } = statOf(process.pid) ?? assert.fail();
  const difference = uptimeMsOf(startTicks) - process.uptime() * 1000;
  assert.ok(Math.abs(difference) < 2000, `differs by ${difference} ms`);
  assert.equal(uptimeMsOf(startTicks * 1000), 0, "not yet started is no negative time");
});

test("this boot has an id that stays the same", () => {
  assert.match(bootId(), /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  assert.equal(bootId(), bootId());
});

test("this process and its parent are among all processes", () => {
  const pids = allProcesses().map(({ pid }) => pid);
  assert.ok(pids.includes(process.pid) && pids.includes(process.ppid));
});
