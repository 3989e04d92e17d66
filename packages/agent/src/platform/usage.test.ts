import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { unprivileged } from "../testing/unprivileged.js";
import { until } from "../testing/until.js";
import { openFilesOf, usageOf } from "./usage.js";

function child(script: string): ChildProcess & Disposable {
  const shell = spawn("sh", ["-c", script], { stdio: "ignore" });
  return Object.assign(shell, { [Symbol.dispose]: () => void shell.kill("SIGKILL") });
}

const own = (): NonNullable<ReturnType<typeof usageOf>> => usageOf(process.pid) ?? assert.fail();

test("memory, threads and time are what the process itself knows", () => {
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { residentBytes, cpuSeconds, threads } = own();
  assert.ok(Math.abs(residentBytes - rss) < 0.2 * rss, `${residentBytes} is not about ${rss}`);
  assert.ok(Math.abs(cpuSeconds - (user + system) / 1e6) < 0.1);
  assert.ok(threads > 1);
});

test("time of children counts once they have been waited for", async () => {
  using shell = child("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done & wait; sleep 1000");
  const usage = await until(() => {
    const seen = usageOf(shell.pid ?? 0);
    return seen && seen.waitedCpuSeconds > 0 ? seen : undefined;
  }, "the shell has waited for its child");
  assert.ok(usage.cpuSeconds < usage.waitedCpuSeconds);
});

test("a process is called what it calls itself, whatever that is", async () => {
  const title = process.title;
  try {
    for (const name of ["a) S 1 (b", "two words", "naïve"]) {
      process.title = name;
      assert.equal(own().name, name);
      assert.equal(own().parent, process.ppid);
    }
  } finally {
    process.title = title;
  }
});

test("open files are counted", () => {
  const before = openFilesOf(process.pid) ?? assert.fail();
  const file = openSync("/dev/null", "r");
  try {
    assert.equal(openFilesOf(process.pid), before + 1);
  } finally {
    closeSync(file);
  }
});

test("what may not be seen is unknown, never none", () => {
  assert.notEqual(
    unprivileged(() => openFilesOf(1)),
    0,
  );
});

test("a process that is gone uses nothing", () => {
  const never = 2 ** 30;
  assert.equal(usageOf(never), undefined);
  assert.equal(openFilesOf(never), 0);
});
